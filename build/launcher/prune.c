/* Removes entries that are no longer used: those that nobody started for a long time, and then, while the store is too
 * large, the ones that were not started for the longest time. Environment variables set both limits.
 */

#include "launcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_DAYS = 30, DEFAULT_MIB = 20480, SECONDS_PER_DAY = 24 * 3600 };
enum { MAX_LIMIT = 1 << 30, NAME_BYTES = ID_BYTES + 16 };

/* A limit from the environment. What is not a number, or is too large, counts as not set. */
static uint64_t limit_from(const char *variable, uint64_t default_limit) {
    const char *value = getenv(variable);
    if (value == NULL || *value < '0' || *value > '9') {
        return default_limit;
    }
    char *end;
    unsigned long long limit = strtoull(value, &end, 10);
    return *end != 0 || limit > MAX_LIMIT ? default_limit : limit;
}

static DIR *list_folder(int folder) {
    int descriptor = open_folder(folder, ".", 0);
    DIR *listing = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (listing == NULL && descriptor >= 0) {
        close(descriptor);
    }
    return listing;
}

/* Remove the objects that no entry links to. Returns the bytes of the others. */
uint64_t sweep_objects(const struct store *store) {
    uint64_t total = 0;
    struct stat status;
    DIR *listing = list_folder(store->objects);
    if (listing == NULL) {
        return 0;
    }
    for (struct dirent *item; (item = readdir(listing)) != NULL;) {
        if (*item->d_name == '.' || fstatat(store->objects, item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        /* This may hit an object that another process is about to link. That process then writes its file again. */
        if (status.st_nlink == 1) {
            unlinkat(store->objects, item->d_name, 0);
        } else {
            total += (uint64_t)status.st_size;
        }
    }
    closedir(listing);
    return total;
}

/* The time of the last start: the file system records it as the access time of the lock file, at least once a day. */
static time_t last_use(const struct store *store, const char *lock_name) {
    struct stat status;
    if (fstatat(store->entries, lock_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return 0;
    }
    return status.st_atime > status.st_mtime ? status.st_atime : status.st_mtime;
}

/* Find the entry that was not used for the longest time, among those last used before a time. */
static bool find_oldest(const struct store *store, const char *current_id, time_t before, char oldest[ID_BYTES]) {
    bool is_found = false;
    DIR *listing = list_folder(store->entries);
    if (listing == NULL) {
        return false;
    }
    for (struct dirent *item; (item = readdir(listing)) != NULL;) {
        /* The lock file exists before its entry does, and longer. */
        const char *suffix = strchr(item->d_name, '.');
        if (suffix == NULL || strcmp(suffix, ".use") != 0 || suffix - item->d_name != ID_BYTES - 1 ||
            strncmp(item->d_name, current_id, ID_BYTES - 1) == 0) {
            continue;
        }
        time_t used = last_use(store, item->d_name);
        if (used < before) {
            before = used;
            memcpy(oldest, item->d_name, ID_BYTES - 1);
            oldest[ID_BYTES - 1] = 0;
            is_found = true;
        }
    }
    closedir(listing);
    return is_found;
}

static void remove_file(int folder, const char *id, const char *suffix) {
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", id, suffix);
    remove_tree(folder, name);
}

/* Remove the folders of an entry and its lock files, whose locks the caller holds. */
static void remove_locked_entry(const struct store *store, const char *id) {
    char old_name[NAME_BYTES];
    snprintf(old_name, sizeof old_name, "%s.old", id);
    remove_tree(store->partial, old_name);
    /* Rename it first, so that nobody finds half an entry under its own name. */
    if (renameat(store->entries, id, store->partial, old_name) == 0 || errno == ENOENT) {
        remove_file(store->entries, id, ".use");
        remove_file(store->entries, id, ".unpack");
    }
    remove_file(store->partial, id, "");
    remove_file(store->partial, id, ".old");
    remove_file(store->partial, id, ".scratch");
}

/* Remove an entry, unless a process runs or unpacks it. Returns whether it is removed. */
static bool remove_entry(const struct store *store, const char *id) {
    struct reason reason;
    int use_lock, unpack_lock;
    if (lock_entry(store, id, "use", LOCK_EX, 0, &use_lock, &reason) != OK) {
        return false;
    }
    if (lock_entry(store, id, "unpack", LOCK_EX, 0, &unpack_lock, &reason) == OK) {
        remove_locked_entry(store, id);
        close(unpack_lock);
    }
    close(use_lock);
    char lock_name[NAME_BYTES];
    snprintf(lock_name, sizeof lock_name, "%s.use", id);
    return faccessat(store->entries, lock_name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

/* Prune all entries but that of the bundle that starts. It stops at an entry in use: the next first start goes on. */
void prune(const struct store *store, const char *current_id) {
    char id[ID_BYTES];
    time_t now = time(NULL);
    time_t expired = now - (time_t)(limit_from("DAGFLOE_CACHE_DAYS", DEFAULT_DAYS) * SECONDS_PER_DAY);
    uint64_t max_bytes = limit_from("DAGFLOE_CACHE_MIB", DEFAULT_MIB) << 20;
    while (find_oldest(store, current_id, expired, id)) {
        if (!remove_entry(store, id)) {
            sweep_objects(store);
            return;
        }
    }
    while (sweep_objects(store) > max_bytes && find_oldest(store, current_id, now + 1, id)) {
        if (!remove_entry(store, id)) {
            return;
        }
    }
}
