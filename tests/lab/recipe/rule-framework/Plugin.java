package org.opensearch.plugins;

/** For the compiler alone: the machine's javac may be too old to read OpenSearch's own. */
public abstract class Plugin {}
