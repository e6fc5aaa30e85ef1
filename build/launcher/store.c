/* Opens a store of unpacked programs and locks its entries. A store is in a folder that only its owner can write:
 *
 *   objects/<digest>       the content of a file
 *   entries/<id>/          an unpacked program; its files are hard links to objects
 *   entries/<id>.use       shared lock of every process that runs the entry; exclusive lock of the one that prunes it
 *   entries/<id>.unpack    exclusive lock of the process that unpacks or repairs the entry
 *   partial/               entries that are being unpacked; without a locked `.unpack`, a killed process left them
 */

#include "launcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The longest path of a file in a store, below the cache folder and without the program's own part. */
enum { BELOW_BASE_BYTES = 100, LOCK_POLL_MS = 5 };
/* The mode bits that let all users read and enter a folder. */
#define SHARED_MODE 055

int open_folder(int parent, const char *name, int flags) {
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

mode_t folder_mode(const struct store *store) { return store->is_shared ? 0755 : 0700; }

/* Check that only this user, or root, can change a file or folder. */
enum result check_owner(int descriptor, struct reason *reason) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        set_reason(reason, "its owner and mode cannot be read: %s", strerror(errno));
        return UNSAFE;
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        set_reason(reason, "it belongs to user %u, who could change the program", (unsigned)status.st_uid);
        return UNSAFE;
    }
    if (status.st_mode & 022) {
        set_reason(reason, "its mode %03o lets other users change the program", (unsigned)status.st_mode & 0777);
        return UNSAFE;
    }
    return OK;
}

/* Open a folder of the store that nobody else can change; create it first if `mode` is not 0. */
static enum result open_checked(int parent, const char *name, mode_t mode, int *folder, struct reason *reason) {
    *folder = -1;
    if (mode != 0 && mkdirat(parent, name, mode) != 0 && errno != EEXIST) {
        set_reason(reason, "it cannot be written: %s", strerror(errno));
        return FAILED;
    }
    int opened = open_folder(parent, name, O_NOFOLLOW);
    if (opened < 0 && errno == ENOENT) {
        set_reason(reason, "it has no folder %s yet, and it cannot be written", name);
        return FAILED;
    }
    if (opened < 0) {
        set_reason(reason, "its folder %s cannot be opened: %s", name, strerror(errno));
        return FAILED;
    }
    enum result result = check_owner(opened, reason);
    if (result != OK) {
        close(opened);
        return result;
    }
    *folder = opened;
    return OK;
}

/* Create a folder and those above it. The caller sees whether it exists when it opens it. */
static void create_path(const char *path) {
    char part[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        size_t length = slash ? (size_t)(slash - path) : strlen(path);
        memcpy(part, path, length);
        part[length] = 0;
        mkdir(part, 0700);
        if (slash == NULL) {
            return;
        }
    }
}

/* Open `store` in a cache folder. */
static enum result open_root(struct store *store, int base, struct reason *reason) {
    struct statvfs mount;
    struct stat status;
    store->is_writable = faccessat(base, "store", W_OK | X_OK, AT_EACCESS) == 0 ||
                         (errno == ENOENT && faccessat(base, ".", W_OK | X_OK, AT_EACCESS) == 0);
    enum result result = check_owner(base, reason);
    if (result == OK) {
        result = open_checked(base, "store", store->is_writable ? 0700 : 0, &store->root, reason);
    }
    if (result != OK) {
        return result;
    }
    if (fstatvfs(store->root, &mount) == 0 && (mount.f_flag & ST_NOEXEC)) {
        set_reason(reason, "it is mounted noexec, so no program can run from it");
        return FAILED;
    }
    store->is_shared = fstat(store->root, &status) == 0 && (status.st_mode & SHARED_MODE) == SHARED_MODE;
    return OK;
}

/* Open the folders of the store that a start needs. */
static enum result open_parts(struct store *store, struct reason *reason) {
    mode_t mode = store->is_writable ? folder_mode(store) : 0;
    enum result result = open_checked(store->root, "entries", mode, &store->entries, reason);
    if (result == OK && store->is_writable) {
        result = open_checked(store->root, "objects", mode, &store->objects, reason);
    }
    if (result == OK && store->is_writable) {
        result = open_checked(store->root, "partial", mode, &store->partial, reason);
    }
    return result;
}

/* Open the store in a cache folder; create it if it is missing and the folder is writable. */
enum result open_store(struct store *store, const struct place *place, struct reason *reason) {
    store->root = store->entries = store->objects = store->partial = -1;
    if (strlen(place->path) + BELOW_BASE_BYTES > sizeof store->path) {
        set_reason(reason, "its path is too long");
        return FAILED;
    }
    if (!is_utf8(place->path)) {
        set_reason(reason, "its path is not valid UTF-8, and Python cannot start from it");
        return FAILED;
    }
    snprintf(store->path, sizeof store->path, "%.*s/store", PATH_MAX - BELOW_BASE_BYTES, place->path);
    create_path(place->path);
    /* A symbolic link that no person chose may be another user's. */
    int base = open_folder(AT_FDCWD, place->path, place->is_chosen ? 0 : O_NOFOLLOW);
    if (base < 0) {
        set_reason(reason, "it cannot be created or opened: %s", strerror(errno));
        return FAILED;
    }
    enum result result = open_root(store, base, reason);
    close(base);
    if (result == OK) {
        result = open_parts(store, reason);
    }
    if (result != OK) {
        close_store(store);
    }
    return result;
}

void close_store(const struct store *store) {
    const int descriptors[] = {store->root, store->entries, store->objects, store->partial};
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
        if (descriptors[i] >= 0) {
            close(descriptors[i]);
        }
    }
}

/* Open a lock file of an entry, which is created if need be. Anything else in its place would not do, or block. */
static int open_lock_file(const struct store *store, const char *name, struct reason *reason) {
    struct stat status;
    /* Over NFS, an exclusive lock needs a file that is open for writing. */
    int access = store->is_writable ? O_RDWR | O_CREAT : O_RDONLY;
    int descriptor =
        openat(store->entries, name, access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, store->is_shared ? 0644 : 0600);
    if (descriptor < 0 && errno == ENOENT) {
        set_reason(reason, "it does not have this bundle, and it cannot be written");
    } else if (descriptor < 0) {
        set_reason(reason, "its lock file cannot be opened: %s", strerror(errno));
    } else if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        set_reason(reason, "its lock file cannot be opened: it is not a regular file");
        close(descriptor);
        return -1;
    }
    return descriptor;
}

/* Lock a lock file of an entry. The lock lasts until its descriptor is closed. */
enum result lock_entry(const struct store *store, const char *id, const char *suffix, int operation, int timeout_s,
                       int *lock, struct reason *reason) {
    char name[ID_BYTES + 16];
    struct stat opened, present;
    int64_t deadline = now_ms() + timeout_s * 1000;
    snprintf(name, sizeof name, "%s.%s", id, suffix);
    for (;;) {
        int descriptor = open_lock_file(store, name, reason);
        if (descriptor < 0) {
            return FAILED;
        }
        bool is_locked = flock(descriptor, operation | LOCK_NB) == 0;
        if (!is_locked && errno != EWOULDBLOCK && errno != EINTR) {
            set_reason(reason, "its files cannot be locked: %s", strerror(errno));
            close(descriptor);
            return FAILED;
        }
        /* The process that prunes an entry removes the locked file. Then another file may have its name by now. */
        if (is_locked && fstat(descriptor, &opened) == 0 &&
            fstatat(store->entries, name, &present, AT_SYMLINK_NOFOLLOW) == 0 && opened.st_ino == present.st_ino) {
            *lock = descriptor;
            return OK;
        }
        close(descriptor);
        if (now_ms() >= deadline) {
            set_reason(reason, "another process has held its lock on this bundle for %d s", timeout_s);
            return FAILED;
        }
        sleep_ms(LOCK_POLL_MS);
    }
}

/* Remove a file, or a folder with all that is in it. */
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
    for (struct dirent *item; (item = readdir(listing)) != NULL;) {
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            remove_tree(dirfd(listing), item->d_name);
        }
    }
    closedir(listing);
    return unlinkat(parent, name, AT_REMOVEDIR);
}
