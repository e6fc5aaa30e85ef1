/* Whether this host has the C library that the program needs, so that a person is told in words, not by the loader. */

#include "launcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const FOLDERS[] = {
    "/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib",
};

/* Versions as numbers that compare: 2.34 is 2034. 0 when it is none. */
static long version_number(const char *text) {
    char *dot;
    long major = strtol(text, &dot, 10);
    return *dot == '.' && major > 0 ? major * 1000 + strtol(dot + 1, NULL, 10) : 0;
}

/* The newest version of the symbols in a C library: the names are in it as texts. */
static long newest_version(const char *path) {
    static const char PREFIX[] = "GLIBC_";
    struct stat status;
    long newest = 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return 0;
    }
    size_t size = fstat(descriptor, &status) == 0 ? (size_t)status.st_size : 0;
    const char *map = size > 64 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
    close(descriptor);
    if (map == MAP_FAILED) {
        return 0;
    }
    const char *end = map + size - 32; /* room for the number, which a text's end follows */
    for (const char *at = map; (at = memmem(at, (size_t)(end - at), PREFIX, sizeof PREFIX - 1)) != NULL; at++) {
        long version = version_number(at + sizeof PREFIX - 1);
        newest = version > newest && version < 100000 ? version : newest;
    }
    munmap((void *)map, size);
    return newest;
}

int host_is_able(const struct bundle *bundle, char *why) {
    if (*bundle->loader == 0) {
        return 0;
    }
    if (access(bundle->loader, F_OK) != 0) {
        snprintf(why, REASON_BYTES,
                 "this host has no %.100s, the loader of the C library (glibc %.20s or newer) that the bundle was built "
                 "for: run it on such a host, or build it on one like this",
                 bundle->loader, bundle->libc_version);
        return -1;
    }
    long needed = version_number(bundle->libc_version);
    for (size_t i = 0; needed > 0 && i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/libc.so.6", FOLDERS[i]);
        long found = newest_version(path);
        if (found >= needed) {
            return 0;
        }
        if (found > 0 && found < needed) {
            snprintf(why, REASON_BYTES,
                     "it needs glibc %.20s or newer, and this host has %ld.%ld: build it on a host as old as this one",
                     bundle->libc_version, found / 1000, found % 1000);
            return -1;
        }
    }
    return 0;
}
