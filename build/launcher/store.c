/* The store of unpacked programs. In a folder that only its owner can write:
 *
 *   objects/<digest>       the content of a file
 *   entries/<id>/          an unpacked program, its files being links to objects
 *   entries/<id>.use       locked shared by every process that runs the entry, alone by who prunes it
 *   entries/<id>.unpack    locked by who unpacks or repairs it
 *   partial/               what is being unpacked; without a locked `.unpack` it is left over from a killed process
 */

#include "launcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { UNPACK_TIMEOUT_S = 120, UNSAFE = -2, NAME_BYTES = 2 * DIGEST_BYTES + 16 };
/* What nobody started for so long is removed, and the oldest when there is more; the environment may say otherwise. */
enum { MAX_AGE_DAYS = 30, MAX_MIB = 20480 };

static int open_folder(int parent, const char *name, int flags) {
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

int is_ours(int descriptor, char *why) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        snprintf(why, REASON_BYTES, "it cannot be looked at: %s", strerror(errno));
        return 0;
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        snprintf(why, REASON_BYTES, "it belongs to the user %u, who could change the program", (unsigned)status.st_uid);
        return 0;
    }
    if (status.st_mode & 022) {
        snprintf(why, REASON_BYTES, "its mode %03o lets other users change the program", (unsigned)status.st_mode & 0777);
        return 0;
    }
    return 1;
}

static int open_checked(int parent, const char *name, int may_make, mode_t mode, char *why) {
    if (may_make && mkdirat(parent, name, mode) != 0 && errno != EEXIST) {
        snprintf(why, REASON_BYTES, "it cannot be written: %s", strerror(errno));
        return -1;
    }
    int folder = open_folder(parent, name, O_NOFOLLOW);
    if (folder < 0 && errno == ENOENT) {
        snprintf(why, REASON_BYTES, "it has no folder %s yet, and cannot be written", name);
    } else if (folder < 0) {
        snprintf(why, REASON_BYTES, "its %s cannot be opened: %s", name, strerror(errno));
    } else if (!is_ours(folder, why)) {
        close(folder);
        return UNSAFE;
    }
    return folder;
}

static void make_path(const char *path) {
    char part[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        size_t length = slash ? (size_t)(slash - path) : strlen(path);
        memcpy(part, path, length);
        part[length] = 0;
        mkdir(part, 0700); /* whether it is there now is seen when it is opened */
        if (slash == NULL) {
            return;
        }
    }
}

int open_store(struct store *store, const char *base, int is_chosen, char *why) {
    struct statvfs mount;
    struct stat status;
    store->root = store->entries = store->objects = store->partial = -1;
    store->is_unsafe = 0;
    if (*base != '/' || strlen(base) + 100 > sizeof store->path) {
        snprintf(why, REASON_BYTES, "it is no absolute path");
        return -1;
    }
    snprintf(store->path, sizeof store->path, "%s/store", base);
    make_path(base);
    /* A link that nobody chose may be another user's. */
    int folder = open_folder(AT_FDCWD, base, is_chosen ? 0 : O_NOFOLLOW);
    if (folder < 0) {
        snprintf(why, REASON_BYTES, "it cannot be made or opened: %s", strerror(errno));
        return -1;
    }
    store->is_writable = faccessat(folder, "store", W_OK | X_OK, AT_EACCESS) == 0 ||
                         (errno == ENOENT && faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) == 0);
    store->root = is_ours(folder, why) ? open_checked(folder, "store", store->is_writable, 0700, why) : UNSAFE;
    close(folder);
    if (store->root < 0) {
        store->is_unsafe = store->root == UNSAFE;
        return -1;
    }
    if (fstatvfs(store->root, &mount) == 0 && (mount.f_flag & ST_NOEXEC)) {
        snprintf(why, REASON_BYTES, "it is mounted noexec, and no program can run from there");
        close_store(store);
        return -1;
    }
    mode_t mode = fstat(store->root, &status) == 0 && (status.st_mode & 055) == 055 ? 0755 : 0700;
    store->entries = open_checked(store->root, "entries", store->is_writable, mode, why);
    if (store->entries >= 0 && store->is_writable) {
        store->objects = open_checked(store->root, "objects", 1, mode, why);
        store->partial = store->objects < 0 ? -1 : open_checked(store->root, "partial", 1, mode, why);
    }
    if (store->entries < 0 || (store->is_writable && store->partial < 0)) {
        store->is_unsafe = store->entries == UNSAFE || store->objects == UNSAFE || store->partial == UNSAFE;
        close_store(store);
        return -1;
    }
    return 0;
}

void close_store(struct store *store) {
    const int descriptors[] = {store->root, store->entries, store->objects, store->partial};
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
        if (descriptors[i] >= 0) {
            close(descriptors[i]);
        }
    }
}

/* A lock file, locked; -1 when it cannot be had in time. Its descriptor stays open while the lock is needed. */
static int locked(const struct store *store, const char *id, const char *suffix, int how, int timeout_s, char *why) {
    char name[NAME_BYTES];
    struct stat opened, present;
    snprintf(name, sizeof name, "%s.%s", id, suffix);
    for (int waited_ms = 0;; waited_ms += 5) {
        mode_t mode = fstat(store->root, &opened) == 0 && (opened.st_mode & 055) == 055 ? 0644 : 0600;
        /* Over NFS, only a file that was opened for writing can be locked alone. */
        int flags = store->is_writable ? O_RDWR | O_CREAT : O_RDONLY;
        int descriptor = openat(store->entries, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
        if (descriptor < 0) {
            snprintf(why, REASON_BYTES, errno == ENOENT ? "it does not have this bundle, and cannot be written"
                                                        : "its lock cannot be opened: %s", strerror(errno));
            return -1;
        }
        int is_locked = flock(descriptor, how | LOCK_NB) == 0;
        if (!is_locked && errno != EWOULDBLOCK && errno != EINTR) {
            snprintf(why, REASON_BYTES, "nothing can be locked there: %s", strerror(errno));
            close(descriptor);
            return -1;
        }
        /* Whoever prunes removes the file while it is locked: then it is locked by its name no more. */
        if (is_locked && fstat(descriptor, &opened) == 0 &&
            fstatat(store->entries, name, &present, AT_SYMLINK_NOFOLLOW) == 0 && opened.st_ino == present.st_ino) {
            return descriptor;
        }
        close(descriptor);
        if (waited_ms >= timeout_s * 1000) {
            snprintf(why, REASON_BYTES, "another process has been busy with this bundle there for %d s", timeout_s);
            return -1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

static int open_entry(const struct store *store, const char *id) {
    char why[REASON_BYTES];
    int folder = open_folder(store->entries, id, O_NOFOLLOW);
    if (folder >= 0 && !is_ours(folder, why)) {
        close(folder);
        return -1;
    }
    return folder;
}

static int is_ready(const struct store *store, const struct bundle *bundle) {
    int folder = open_entry(store, bundle->id);
    int ready = folder >= 0 && is_whole(folder, bundle);
    if (folder >= 0) {
        close(folder);
    }
    return ready;
}

/* The bytes of all objects, after removing those that no entry has. */
static uint64_t sweep_objects(const struct store *store) {
    uint64_t total = 0;
    struct stat status;
    int folder = openat(store->objects, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = folder < 0 ? NULL : fdopendir(folder);
    if (listing == NULL) {
        return 0;
    }
    for (struct dirent *each; (each = readdir(listing)) != NULL;) {
        if (*each->d_name == '.' || fstatat(folder, each->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        /* One that is on its way into an entry may be hit, too: then its file is written once more. */
        if (status.st_nlink == 1) {
            unlinkat(folder, each->d_name, 0);
        } else {
            total += (uint64_t)status.st_size;
        }
    }
    closedir(listing);
    return total;
}

/* Unpack a new entry beside the others, then let it appear at once; repair an old one where it is. */
static int make_ready(struct store *store, const struct bundle *bundle, char *why) {
    int folder = open_entry(store, bundle->id);
    int is_new = folder < 0;
    if (is_new) {
        remove_tree(store->entries, bundle->id);
        remove_tree(store->partial, bundle->id);
        struct stat status;
        mode_t mode = fstat(store->root, &status) == 0 && (status.st_mode & 055) == 055 ? 0755 : 0700;
        if (mkdirat(store->partial, bundle->id, mode) != 0 ||
            (folder = open_folder(store->partial, bundle->id, O_NOFOLLOW)) < 0) {
            snprintf(why, REASON_BYTES, "it cannot be written: %s", strerror(errno));
            return -1;
        }
    }
    int result = unpack(store, bundle, folder, why);
    close(folder);
    if (result == 0 && is_new && renameat(store->partial, bundle->id, store->entries, bundle->id) != 0) {
        snprintf(why, REASON_BYTES, "it cannot be written: %s", strerror(errno));
        result = -1;
    }
    if (result != 0 && is_new) {
        remove_tree(store->partial, bundle->id);
        sweep_objects(store); /* a full disk stays no fuller than it was */
    }
    return result;
}

int prepare_entry(struct store *store, const struct bundle *bundle, char *why) {
    int use = locked(store, bundle->id, "use", LOCK_SH, UNPACK_TIMEOUT_S, why);
    char byte;
    /* Reading lets the file system note when it was used. */
    if (use < 0 || (read(use, &byte, 1) >= 0 && is_ready(store, bundle))) {
        return use;
    }
    snprintf(why, REASON_BYTES, "what it has of this bundle was changed, and it cannot be written");
    int busy = store->is_writable ? locked(store, bundle->id, "unpack", LOCK_EX, UNPACK_TIMEOUT_S, why) : -1;
    int result = -1;
    if (busy >= 0) {
        /* Another process may have been faster, while this one waited. */
        if (is_ready(store, bundle)) {
            result = 0;
        } else if (host_is_able(bundle, why) != 0) {
            result = -2;
        } else {
            result = make_ready(store, bundle, why);
        }
        if (result == 0) {
            prune(store, bundle->id);
        }
        close(busy);
    }
    if (result != 0) {
        close(use);
        return result;
    }
    return use;
}

int remove_tree(int parent, const char *name) {
    int folder = open_folder(parent, name, O_NOFOLLOW);
    if (folder < 0) {
        return unlinkat(parent, name, 0);
    }
    DIR *listing = fdopendir(folder);
    if (listing == NULL) {
        close(folder);
        return -1;
    }
    for (struct dirent *each; (each = readdir(listing)) != NULL;) {
        if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0) {
            remove_tree(dirfd(listing), each->d_name);
        }
    }
    closedir(listing);
    return unlinkat(parent, name, AT_REMOVEDIR);
}

/* When an entry was last started: the file system notes it, once a day at most, or else when it was made. */
static time_t last_use(const struct store *store, const char *id) {
    char name[NAME_BYTES];
    struct stat lock;
    snprintf(name, sizeof name, "%s.use", id);
    if (fstatat(store->entries, name, &lock, AT_SYMLINK_NOFOLLOW) != 0) {
        return 0;
    }
    return lock.st_atime > lock.st_mtime ? lock.st_atime : lock.st_mtime;
}

/* Remove an entry that nobody runs and nobody unpacks. */
static void remove_entry(const struct store *store, const char *id) {
    char name[NAME_BYTES], why[REASON_BYTES];
    int use = locked(store, id, "use", LOCK_EX, 0, why);
    int busy = use < 0 ? -1 : locked(store, id, "unpack", LOCK_EX, 0, why);
    if (busy >= 0) {
        /* By another name first, so that half of it is never found by the right one. */
        snprintf(name, sizeof name, "%s.old", id);
        remove_tree(store->partial, name);
        if (renameat(store->entries, id, store->partial, name) == 0 || errno == ENOENT) {
            snprintf(name, sizeof name, "%s.use", id);
            unlinkat(store->entries, name, 0);
            snprintf(name, sizeof name, "%s.unpack", id);
            unlinkat(store->entries, name, 0);
        }
        for (const char *const *suffix = (const char *const[]){"", ".old", ".scratch", NULL}; *suffix; suffix++) {
            snprintf(name, sizeof name, "%s%s", id, *suffix);
            remove_tree(store->partial, name);
        }
        close(busy);
    }
    if (use >= 0) {
        close(use);
    }
}

/* A number that the environment may change. */
static uint64_t chosen(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    char *end = NULL;
    unsigned long long number = text == NULL ? 0 : strtoull(text, &end, 10);
    return text == NULL || *text < '0' || *text > '9' || *end != 0 || number > 1 << 30 ? otherwise : number;
}

/* Remove what was not started for a long time, then, as long as the store is too large, what was not for longest. */
void prune(struct store *store, const char *keep) {
    time_t oldest_allowed = time(NULL) - (time_t)(chosen("DAGFLOE_CACHE_DAYS", MAX_AGE_DAYS) * 24 * 3600);
    uint64_t most_bytes = chosen("DAGFLOE_CACHE_MIB", MAX_MIB) << 20;
    for (int is_too_large = 0, left = 10000; left > 0; left--) {
        char oldest[2 * DIGEST_BYTES + 1] = "";
        time_t when = is_too_large ? time(NULL) + 1 : oldest_allowed;
        int folder = openat(store->entries, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *listing = folder < 0 ? NULL : fdopendir(folder);
        if (listing == NULL) {
            return;
        }
        for (struct dirent *each; (each = readdir(listing)) != NULL;) {
            char *dot = strchr(each->d_name, '.');
            /* Judged by the lock, which is there from before the entry until after it. */
            if (dot == NULL || strcmp(dot, ".use") != 0 || dot - each->d_name != 2 * DIGEST_BYTES) {
                continue;
            }
            *dot = 0;
            time_t used = last_use(store, each->d_name);
            if (strcmp(each->d_name, keep) != 0 && used < when) {
                when = used;
                memcpy(oldest, each->d_name, sizeof oldest);
            }
        }
        closedir(listing);
        if (*oldest != 0) {
            remove_entry(store, oldest);
            struct stat status;
            char name[NAME_BYTES];
            snprintf(name, sizeof name, "%s.use", oldest);
            if (fstatat(store->entries, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
                return; /* it is in use: the next first start looks again */
            }
        } else if (is_too_large) {
            return;
        }
        is_too_large = sweep_objects(store) > most_bytes;
        if (*oldest == 0 && !is_too_large) {
            return;
        }
    }
}
