package org.opensearch.plugins;

/** For the compiler alone, as Plugin. */
public interface ExtensiblePlugin {}
