"""The lab: real Docker engines in network namespaces, real OpenSearch nodes, and what drives them."""
