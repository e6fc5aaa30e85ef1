/* The launcher of a bundle file: finds the payload behind itself, sees to it that this host has it unpacked, and
 * becomes the program in it. One process from beginning to end; a start that finds everything in place writes nothing.
 *
 *   main.c     the order of things, and what is said when it cannot go on
 *   bundle.c   reads the file: trailer, payload footer, index
 *   store.c    the store of unpacked programs: places, locks, checks, pruning
 *   unpack.c   from the index to a folder in the store
 *   digest.c   BLAKE2b
 *   decode.c   LZ4 blocks
 *   host.c     whether this host has the C library that the program needs
 *   watch.c    ends what a task has started, once the bundle's process is gone
 */

#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <endian.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

enum { DIGEST_BYTES = 32, EXIT_CANNOT_RUN = 126, REASON_BYTES = 512 };

/* The time of every unpacked file, in seconds since 1970: a file of another time was changed. */
#define FILE_TIME 315532800

struct file {
    const char *path;
    uint32_t is_program, is_link;
    uint64_t size, stored;
    const uint8_t *data;
    uint8_t digest[DIGEST_BYTES];
};

struct bundle {
    char path[PATH_MAX];
    char id[2 * DIGEST_BYTES + 1];
    const char *name, *program, *place, *loader, *libc_version;
    struct file *files;
    uint32_t count;
};

/* Where things are in a store that was opened, as descriptors of folders. */
struct store {
    char path[PATH_MAX];
    int root, entries, objects, partial;
    int is_writable;
    int is_unsafe; /* another user could change it */
};

static inline uint64_t read_u64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

void digest(const uint8_t *data, size_t length, uint8_t out[DIGEST_BYTES]);
void as_hex(const uint8_t *data, size_t length, char *out);
int decode(const uint8_t *in, size_t stored, uint8_t *out, size_t size);

/* Those that can fail return -1 with the reason, a few words for a person, in `why`. */
int read_bundle(struct bundle *bundle, char *why);
int host_is_able(const struct bundle *bundle, char *why);
int open_store(struct store *store, const char *base, int is_chosen, char *why);
void close_store(struct store *store);
/* The descriptor of a lock that keeps the entry from being pruned, once the entry is whole; -2 where no store helps. */
int prepare_entry(struct store *store, const struct bundle *bundle, char *why);
int is_whole(int folder, const struct bundle *bundle);
int unpack(struct store *store, const struct bundle *bundle, int folder, char *why);
int remove_tree(int folder, const char *name);
void prune(struct store *store, const char *keep);
int is_ours(int descriptor, char *why);
/* Wait for the end of the bundle's process, then end every process with its group or the mark. */
int watch(pid_t process, const char *mark);

#endif
