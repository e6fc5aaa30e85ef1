/* Prepares an entry of the store: finds it intact, unpacks it or repairs it. */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_TIMEOUT_S = 120 };

/* Open an entry that nobody else can change; -1 if no such entry exists. */
static int open_entry(const struct store *store, const char *id) {
    struct reason reason;
    int folder = open_folder(store->entries, id, O_NOFOLLOW);
    if (folder >= 0 && check_owner(folder, &reason) != OK) {
        close(folder);
        return -1;
    }
    return folder;
}

static bool is_ready(const struct store *store, const struct bundle *bundle) {
    int folder = open_entry(store, bundle->id);
    if (folder < 0) {
        return false;
    }
    bool is_ready = is_intact(folder, bundle);
    close(folder);
    return is_ready;
}

/* Unpack an entry in `partial`, then rename it, so that other processes see the whole entry or none. */
static enum result create_entry(const struct store *store, const struct bundle *bundle, struct reason *reason) {
    remove_tree(store->entries, bundle->id);
    remove_tree(store->partial, bundle->id);
    int folder = -1;
    if (mkdirat(store->partial, bundle->id, folder_mode(store)) == 0) {
        folder = open_folder(store->partial, bundle->id, O_NOFOLLOW);
    }
    if (folder < 0) {
        set_reason(reason, "it cannot be written: %s", strerror(errno));
        return FAILED;
    }
    enum result result = unpack(store, bundle, folder, reason);
    close(folder);
    if (result == OK && renameat(store->partial, bundle->id, store->entries, bundle->id) != 0) {
        set_reason(reason, "it cannot be written: %s", strerror(errno));
        result = FAILED;
    }
    if (result != OK) {
        remove_tree(store->partial, bundle->id);
        sweep_objects(store); /* frees the space of a full disk again */
    }
    return result;
}

static enum result create_or_repair(const struct store *store, const struct bundle *bundle, struct reason *reason) {
    int folder = open_entry(store, bundle->id);
    if (folder < 0) {
        return create_entry(store, bundle, reason);
    }
    enum result result = unpack(store, bundle, folder, reason);
    close(folder);
    return result;
}

/* Make an entry ready, while no other process does. */
static enum result make_ready(const struct store *store, const struct bundle *bundle, struct reason *reason) {
    int unpack_lock;
    enum result result = lock_entry(store, bundle->id, "unpack", LOCK_EX, LOCK_TIMEOUT_S, &unpack_lock, reason);
    if (result != OK) {
        return result;
    }
    /* Another process may have unpacked it while this one waited. */
    if (!is_ready(store, bundle)) {
        result = check_host(bundle, reason);
        if (result == OK) {
            result = create_or_repair(store, bundle, reason);
        }
    }
    if (result == OK) {
        prune(store, bundle->id);
    }
    close(unpack_lock);
    return result;
}

/* Make sure that the bundle is unpacked in a store. `*lock` then keeps the entry from being pruned. */
enum result prepare_entry(const struct store *store, const struct bundle *bundle, int *lock, struct reason *reason) {
    char byte;
    enum result result = lock_entry(store, bundle->id, "use", LOCK_SH, LOCK_TIMEOUT_S, lock, reason);
    if (result != OK) {
        return result;
    }
    /* Reading the lock file makes the file system record the time of this use, which pruning looks at. */
    if (read(*lock, &byte, 1) >= 0 && is_ready(store, bundle)) {
        return OK;
    }
    if (store->is_writable) {
        result = make_ready(store, bundle, reason);
    } else {
        set_reason(reason, "its copy of this bundle was changed, and it cannot be written");
        result = FAILED;
    }
    if (result != OK) {
        close(*lock);
    }
    return result;
}
