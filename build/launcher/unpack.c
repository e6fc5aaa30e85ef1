/* From the index to a folder. Each file's content is kept once in the store, under its digest; entries are links to it,
 * so that a new version of a bundle only writes what changed. Every file appears under its name when it is whole.
 */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_WORKERS = 4 };

struct job {
    struct store *store;
    const struct bundle *bundle;
    int folder, scratch, is_shared;
    atomic_uint next;
    atomic_int has_failed;
    pthread_mutex_t lock;
    char *why;
};

static int told(const char *what, const char *path, int error, char *why) {
    snprintf(why, REASON_BYTES, "%s %.200s: %s", what, path, strerror(error));
    return -1;
}

static int is_right(const struct stat *status, const struct file *file) {
    if (file->is_link) {
        return S_ISLNK(status->st_mode) && (uint64_t)status->st_size == file->size;
    }
    return S_ISREG(status->st_mode) && (uint64_t)status->st_size == file->size && status->st_mtime == FILE_TIME &&
           (status->st_mode & 022) == 0 && (status->st_uid == geteuid() || status->st_uid == 0) &&
           (!file->is_program || (status->st_mode & 0100) != 0);
}

int is_whole(int folder, const struct bundle *bundle) {
    struct stat status;
    for (uint32_t i = 0; i < bundle->count; i++) {
        const struct file *file = &bundle->files[i];
        if (fstatat(folder, file->path, &status, AT_SYMLINK_NOFOLLOW) != 0 || !is_right(&status, file)) {
            return 0;
        }
    }
    return 1;
}

static int write_all(int descriptor, const uint8_t *data, size_t length) {
    while (length > 0) {
        ssize_t count = write(descriptor, data, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return -1;
        }
        data += count;
        length -= (size_t)count;
    }
    return 0;
}

/* Write a file of the payload under a scratch name. */
static int produce(const struct job *job, const struct file *file, const char *name, char *why) {
    uint8_t found[DIGEST_BYTES], *buffer = NULL;
    const uint8_t *content = file->data;
    if (file->stored != file->size) {
        buffer = malloc(file->size ? file->size : 1);
        if (buffer == NULL || decode(file->data, file->stored, buffer, file->size) != 0) {
            free(buffer);
            snprintf(why, REASON_BYTES, "its part %.200s is damaged: copy the file here again", file->path);
            return -1;
        }
        content = buffer;
    }
    digest(content, file->size, found);
    int result = -1, descriptor = -1;
    if (memcmp(found, file->digest, DIGEST_BYTES) != 0) {
        snprintf(why, REASON_BYTES, "its part %.200s is damaged: copy the file here again", file->path);
    } else {
        const struct timespec times[2] = {{.tv_sec = FILE_TIME}, {.tv_sec = FILE_TIME}};
        mode_t mode = (mode_t)((job->is_shared ? 0444 : 0400) | (file->is_program ? job->is_shared ? 0111 : 0100 : 0));
        unlinkat(job->scratch, name, 0);
        descriptor = openat(job->scratch, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (descriptor < 0 || write_all(descriptor, content, file->size) != 0 || fchmod(descriptor, mode) != 0 ||
            futimens(descriptor, times) != 0) {
            told("cannot write", file->path, errno, why);
        } else {
            result = 0;
        }
    }
    if (descriptor >= 0 && close(descriptor) != 0 && result == 0) {
        result = told("cannot write", file->path, errno, why);
    }
    free(buffer);
    return result;
}

/* Whether an object that is there has the content that its name says: another user's or a damaged one is not used. */
static int is_good_object(int objects, const char *name, const struct file *file) {
    struct stat status;
    uint8_t found[DIGEST_BYTES];
    int descriptor = openat(objects, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &status) != 0 || !is_right(&status, file)) {
        if (descriptor >= 0) {
            close(descriptor);
        }
        return 0;
    }
    const uint8_t *content = file->size ? mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0) : found;
    close(descriptor);
    if (content == MAP_FAILED) {
        return 0;
    }
    digest(content, file->size, found);
    if (file->size) {
        munmap((void *)content, file->size);
    }
    return memcmp(found, file->digest, DIGEST_BYTES) == 0;
}

static int place(const struct job *job, const struct file *file, uint32_t number, char *why) {
    struct stat status;
    char scratch[32], object[2 * DIGEST_BYTES + 8], target[PATH_MAX];
    if (fstatat(job->folder, file->path, &status, AT_SYMLINK_NOFOLLOW) == 0 && is_right(&status, file)) {
        return 0;
    }
    snprintf(scratch, sizeof scratch, "%u", number);
    if (file->is_link) {
        memcpy(target, file->data, file->size);
        target[file->size] = 0;
        unlinkat(job->scratch, scratch, 0);
        if (symlinkat(target, job->scratch, scratch) != 0) {
            return told("cannot link", file->path, errno, why);
        }
    } else {
        as_hex(file->digest, DIGEST_BYTES, object);
        strcat(object, job->is_shared ? file->is_program ? ".sx" : ".s" : file->is_program ? ".x" : "");
        if (!is_good_object(job->store->objects, object, file)) {
            if (produce(job, file, scratch, why) != 0) {
                return -1;
            }
            if (renameat(job->scratch, scratch, job->store->objects, object) != 0) {
                return told("cannot keep", file->path, errno, why);
            }
        }
        unlinkat(job->scratch, scratch, 0);
        /* Where the file system has no links, or another bundle's pruning was faster, the file is written once more. */
        if (linkat(job->store->objects, object, job->scratch, scratch, 0) != 0 &&
            produce(job, file, scratch, why) != 0) {
            return -1;
        }
    }
    if (renameat(job->scratch, scratch, job->folder, file->path) != 0) {
        return told("cannot place", file->path, errno, why);
    }
    return 0;
}

static void *work(void *argument) {
    struct job *job = argument;
    char why[REASON_BYTES];
    for (;;) {
        uint32_t number = atomic_fetch_add(&job->next, 1);
        if (number >= job->bundle->count || atomic_load(&job->has_failed)) {
            return NULL;
        }
        if (place(job, &job->bundle->files[number], number, why) != 0) {
            pthread_mutex_lock(&job->lock);
            if (!atomic_exchange(&job->has_failed, 1)) {
                memcpy(job->why, why, REASON_BYTES);
            }
            pthread_mutex_unlock(&job->lock);
        }
    }
}

static int make_folders(int folder, const char *path, mode_t mode, char *why) {
    char part[PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = 0;
        if (mkdirat(folder, part, mode) != 0 && errno != EEXIST) {
            return told("cannot make", part, errno, why);
        }
    }
    return 0;
}

/* Put every file that is missing or changed into a folder of the store; the caller holds the lock for unpacking. */
int unpack(struct store *store, const struct bundle *bundle, int folder, char *why) {
    struct job job = {.store = store, .bundle = bundle, .folder = folder, .why = why};
    struct stat status;
    char scratch[2 * DIGEST_BYTES + 16];
    job.is_shared = fstat(store->root, &status) == 0 && (status.st_mode & 055) == 055;
    mode_t mode = job.is_shared ? 0755 : 0700;
    for (uint32_t i = 0; i < bundle->count; i++) {
        if (make_folders(folder, bundle->files[i].path, mode, why) != 0) {
            return -1;
        }
    }
    snprintf(scratch, sizeof scratch, "%s.scratch", bundle->id);
    remove_tree(store->partial, scratch);
    if (mkdirat(store->partial, scratch, 0700) != 0 ||
        (job.scratch = openat(store->partial, scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
        return told("cannot make", scratch, errno, why);
    }
    pthread_mutex_init(&job.lock, NULL);
    pthread_t threads[MAX_WORKERS];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int started = 0;
    while (started + 1 < MAX_WORKERS && started + 1 < cores &&
           pthread_create(&threads[started], NULL, work, &job) == 0) {
        started++;
    }
    work(&job);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
    close(job.scratch);
    remove_tree(store->partial, scratch);
    return atomic_load(&job.has_failed) ? -1 : 0;
}
