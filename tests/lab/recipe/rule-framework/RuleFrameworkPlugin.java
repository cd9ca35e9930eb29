package org.opensearch.rule;

import org.opensearch.plugins.ExtensiblePlugin;
import org.opensearch.plugins.Plugin;

/**
 * Stands in for OpenSearch's module rule-framework, which Maven Central does not have: the security plugin of 3.x names
 * it as what it extends, and only workload management, which the lab has not, would use the classes in it.
 */
public class RuleFrameworkPlugin extends Plugin implements ExtensiblePlugin {}
