#!/bin/bash
# Starts one OpenSearch node. Environment variables with a dot in their name become settings, as in the official image.
home=/usr/share/opensearch
settings=()
while IFS='=' read -r -d '' name value; do
  [[ $name =~ ^[a-z0-9_]+\.[a-z0-9_.]+$ && -n $value ]] && settings+=("-E$name=$value")
done < <(env -0)

# The class path is spelled out in sorted order: the class-data archive is only used with the very path it was made with.
jars=("$home"/lib/*.jar)
path=$(IFS=:; printf '%s' "${jars[*]}")

if [[ -d $home/agent ]]; then
  guard=(-XX:+UnlockDiagnosticVMOptions -XX:+AllowArchivingWithJavaAgent "-javaagent:$(echo "$home"/agent/opensearch-agent-[0-9]*.jar)")
else
  guard=(-Djava.security.manager=allow)
fi

archive=$home/cds/opensearch.jsa
if [[ -n ${MAKE_CLASS_ARCHIVE:-} ]]; then
  sharing=("-XX:ArchiveClassesAtExit=$archive")
elif [[ -f $archive ]]; then
  sharing=("-XX:SharedArchiveFile=$archive" -Xshare:auto)
else
  sharing=(-Xshare:auto)
fi

exec java ${OPENSEARCH_JAVA_OPTS:--Xms256m -Xmx256m} -XX:+UseParallelGC -XX:TieredStopAtLevel=1 -Xlog:disable -Xlog:all=error:stderr \
  "${sharing[@]}" "${guard[@]}" -Dlog4j2.disable.jmx=true -Dlog4j.shutdownHookEnabled=false -Dopensearch.networkaddress.cache.ttl=60 \
  -Dopensearch.path.home="$home" -Dopensearch.path.conf="$home/config" -Dopensearch.distribution.type=docker \
  -Dopensearch.bundled_jdk=false -cp "$path" org.opensearch.bootstrap.OpenSearch "${settings[@]}"
