/* Checks that this host has the C library that the program needs. The dynamic loader would only say "not found". */

#include "launcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PART = 999 }; /* the largest number on either side of a version's dot */

const char *const LIBRARY_FOLDERS[] = {
    "/lib64",
    "/usr/lib64",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib",
    "/usr/lib",
    NULL,
};

/* Read digits up to the end; -1 if the number is too large for a version. */
static int read_digits(const char **next, const char *end) {
    int value = 0;
    for (; *next < end && **next >= '0' && **next <= '9'; (*next)++) {
        value = value * 10 + (**next - '0');
        if (value > MAX_PART) {
            return -1;
        }
    }
    return value;
}

/* A version as a number, so that versions can be compared: 2.34 is 2034. 0 if the text does not start with one. */
int parse_version(const char *text, const char *end) {
    int major = read_digits(&text, end);
    if (major <= 0 || text == end || *text != '.') {
        return 0;
    }
    text++;
    int minor = read_digits(&text, end);
    return minor < 0 ? 0 : major * (MAX_PART + 1) + minor;
}

/* The newest version that follows a prefix in a file's bytes; 0 if the prefix is not in them. */
static int find_newest(const char *data, const char *end, const char *prefix) {
    size_t length = strlen(prefix);
    int newest = 0;
    while ((data = memmem(data, (size_t)(end - data), prefix, length)) != NULL) {
        data += length;
        int version = parse_version(data, end);
        newest = version > newest ? version : newest;
    }
    return newest;
}

/* The version of a glibc. 0 if the file is not a glibc.

   It is the one that the library itself prints. A release need not add symbols: the newest symbols of 2.31 are those of
   2.30. If the library was built without its words, the names of its symbol versions tell. */
int read_libc_version(const char *path) {
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return 0;
    }
    size_t size = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
    const char *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
    close(descriptor);
    if (data == MAP_FAILED) {
        return 0;
    }
    int newest = find_newest(data, data + size, "GLIBC_");
    int release = newest > 0 ? find_newest(data, data + size, " release version ") : 0;
    munmap((void *)data, size);
    return release > newest ? release : newest;
}

enum result check_host(const struct bundle *bundle, struct reason *reason) {
    const char *needed_version = bundle->libc_version;
    if (*bundle->loader == 0) {
        return OK;
    }
    if (access(bundle->loader, F_OK) != 0) {
        set_reason(reason,
                   "this host has no %.100s, the dynamic loader of glibc (%.20s or newer), which the bundle needs: run "
                   "it on a host with glibc, or build it on a host like this one",
                   bundle->loader, needed_version);
        return UNSUPPORTED;
    }
    int needed = parse_version(needed_version, needed_version + strlen(needed_version));
    for (const char *const *folder = LIBRARY_FOLDERS; needed > 0 && *folder != NULL; folder++) {
        char path[64];
        snprintf(path, sizeof path, "%s/libc.so.6", *folder);
        int version = read_libc_version(path);
        if (version >= needed) {
            return OK;
        }
        if (version > 0) {
            int major = version / (MAX_PART + 1), minor = version % (MAX_PART + 1);
            set_reason(
                reason,
                "the bundle needs glibc %.20s or newer, but this host has %d.%d: build the bundle on a host with "
                "glibc %d.%d or older",
                needed_version, major, minor, major, minor);
            return UNSUPPORTED;
        }
    }
    return OK;
}
