// Makes the disk fail: preloaded into a program, it fails some writes or syncs of the files whose path holds a word.
//
// SHIM_PATH   the word
// SHIM_KIND   "write" or "sync": what is counted
// SHIM_CALL   which call fails, from 1; 0: none, only count
// SHIM_ERRNO  with what
// SHIM_STICKY 1: every later call fails too, as on a full disk
// SHIM_GATE   instead of a count: writes fail as long as this file exists
// SHIM_COUNT  at the end, the number of calls is written to this file
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static int fails(int fd, const char *kind) {
    const char *word = getenv("SHIM_PATH");
    if (!word) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, word)) return 0;
    const char *gate = getenv("SHIM_GATE"), *wanted = getenv("SHIM_KIND");
    int number = atoi(getenv("SHIM_ERRNO") ? getenv("SHIM_ERRNO") : "28");
    if (gate) {
        if (strcmp(kind, "write") || access(gate, F_OK)) return 0;
        errno = number;
        return 1;
    }
    if (!wanted || strcmp(kind, wanted)) return 0;
    long call = atomic_fetch_add(&calls, 1) + 1;
    long failing = atol(getenv("SHIM_CALL") ? getenv("SHIM_CALL") : "0");
    if (!failing || call < failing || (call > failing && !getenv("SHIM_STICKY"))) return 0;
    errno = number;
    return 1;
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("SHIM_COUNT");
    if (!path) return;
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(file, "%ld", (long)atomic_load(&calls));
    fclose(file);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define INTERCEPT(kind, result, name, parameters, arguments) \
    result name parameters { \
        REAL(name); \
        int saved = errno; \
        if (fails(fd, kind)) return -1; \
        errno = saved; \
        return real arguments; \
    }

INTERCEPT("write", ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n))
INTERCEPT("write", ssize_t, pwrite, (int fd, const void *b, size_t n, off_t at), (fd, b, n, at))
INTERCEPT("write", ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t at), (fd, b, n, at))
INTERCEPT("write", ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t at), (fd, v, n, at))
INTERCEPT("write", ssize_t, pwritev64, (int fd, const struct iovec *v, int n, off64_t at), (fd, v, n, at))
INTERCEPT("write", int, ftruncate, (int fd, off_t n), (fd, n))
INTERCEPT("write", int, ftruncate64, (int fd, off64_t n), (fd, n))
INTERCEPT("sync", int, fsync, (int fd), (fd))
INTERCEPT("sync", int, fdatasync, (int fd), (fd))

// These give the error instead of setting errno.
int posix_fallocate(int fd, off_t at, off_t n) {
    REAL(posix_fallocate);
    return fails(fd, "write") ? errno : real(fd, at, n);
}

int posix_fallocate64(int fd, off64_t at, off64_t n) {
    REAL(posix_fallocate64);
    return fails(fd, "write") ? errno : real(fd, at, n);
}
