/* Writes the files of the payload into an entry. The store has the content of a file once, as an object named by its
 * digest. Entries are hard links to objects, so a new version of a bundle adds only what changed. A file gets its name
 * in the entry when it is complete.
 */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_THREADS = 4, OBJECT_NAME_BYTES = ID_BYTES + 4, SCRATCH_NAME_BYTES = ID_BYTES + 16 };

/* The work of unpacking, which threads share. */
struct job {
    const struct store *store;
    const struct bundle *bundle;
    int entry, scratch; /* folders: where the files go, and where they are written */
    atomic_uint next;   /* the number of the next file */
    atomic_bool has_failed;
    pthread_mutex_t lock; /* of the reason */
    struct reason *reason;
};

/* Whether a file of an entry is as it was written, as far as its metadata shows. */
static bool is_unchanged(const struct stat *status, const struct file *file) {
    if ((uint64_t)status->st_size != file->size) {
        return false;
    }
    if (file->is_link) {
        return S_ISLNK(status->st_mode);
    }
    return S_ISREG(status->st_mode) && status->st_mtime == FILE_TIME && (status->st_mode & 022) == 0 &&
           (status->st_uid == geteuid() || status->st_uid == 0) &&
           (!file->is_program || (status->st_mode & S_IXUSR) != 0);
}

bool is_intact(int folder, const struct bundle *bundle) {
    struct stat status;
    for (uint32_t i = 0; i < bundle->count; i++) {
        const struct file *file = &bundle->files[i];
        if (fstatat(folder, file->path, &status, AT_SYMLINK_NOFOLLOW) != 0 || !is_unchanged(&status, file)) {
            return false;
        }
    }
    return true;
}

static bool write_all(int descriptor, const uint8_t *data, size_t length) {
    while (length > 0) {
        ssize_t count = write(descriptor, data, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        data += count;
        length -= (size_t)count;
    }
    return true;
}

static mode_t file_mode(const struct store *store, const struct file *file) {
    if (store->is_shared) {
        return file->is_program ? 0555 : 0444;
    }
    return file->is_program ? 0500 : 0400;
}

/* Create a scratch file with a content, the mode and the time of a file of the payload. */
static enum result write_content(const struct job *job, const struct file *file, const uint8_t *content,
                                 const char *scratch_name, struct reason *reason) {
    const struct timespec times[2] = {{.tv_sec = FILE_TIME}, {.tv_sec = FILE_TIME}};
    unlinkat(job->scratch, scratch_name, 0);
    int descriptor = openat(job->scratch, scratch_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written = descriptor >= 0 && write_all(descriptor, content, file->size) &&
                      fchmod(descriptor, file_mode(job->store, file)) == 0 && futimens(descriptor, times) == 0;
    int error = errno;
    if (descriptor >= 0 && close(descriptor) != 0 && is_written) {
        is_written = false;
        error = errno;
    }
    if (!is_written) {
        set_reason(reason, "cannot write %.200s: %s", file->path, strerror(error));
        return FAILED;
    }
    return OK;
}

/* Decode a file of the payload, check its digest and write it to a scratch file. */
static enum result write_scratch(const struct job *job, const struct file *file, const char *scratch_name,
                                 struct reason *reason) {
    uint8_t content_digest[DIGEST_BYTES], *buffer = NULL;
    const uint8_t *content = file->stored;
    if (file->stored_size != file->size) {
        content = buffer = malloc(file->size ? file->size : 1);
        if (buffer == NULL) {
            set_reason(reason, "cannot unpack %.200s: %s", file->path, strerror(errno));
            return FAILED;
        }
        if (!decode(file->stored, file->stored_size, buffer, file->size)) {
            content = NULL;
        }
    }
    if (content != NULL) {
        digest(content, file->size, content_digest);
    }
    enum result result = FAILED;
    if (content == NULL || memcmp(content_digest, file->digest, DIGEST_BYTES) != 0) {
        set_reason(reason, "the file %.200s in the bundle is damaged: copy the bundle file to this host again",
                   file->path);
    } else {
        result = write_content(job, file, content, scratch_name, reason);
    }
    free(buffer);
    return result;
}

/* Whether an object of the store has the content that its name promises, and nobody else can change it. */
static bool is_intact_object(int objects, const char *name, const struct file *file) {
    struct stat status;
    uint8_t content_digest[DIGEST_BYTES];
    int descriptor = openat(objects, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    const uint8_t *content = MAP_FAILED;
    if (fstat(descriptor, &status) == 0 && is_unchanged(&status, file)) {
        /* An empty file cannot be mapped. */
        content = file->size ? mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0) : content_digest;
    }
    close(descriptor);
    if (content == MAP_FAILED) {
        return false;
    }
    digest(content, file->size, content_digest);
    if (file->size) {
        munmap((void *)content, file->size);
    }
    return memcmp(content_digest, file->digest, DIGEST_BYTES) == 0;
}

/* The suffix of an object's name tells apart objects of one content and several modes. */
static const char *object_suffix(const struct store *store, const struct file *file) {
    if (store->is_shared) {
        return file->is_program ? ".sx" : ".s";
    }
    return file->is_program ? ".x" : "";
}

/* Make a scratch file a link to the file's object; write the object first if the store does not have it. */
static enum result link_object(const struct job *job, const struct file *file, const char *scratch_name,
                               struct reason *reason) {
    char object[OBJECT_NAME_BYTES];
    int objects = job->store->objects;
    to_hex(file->digest, DIGEST_BYTES, object);
    strcat(object, object_suffix(job->store, file));
    if (!is_intact_object(objects, object, file)) {
        if (write_scratch(job, file, scratch_name, reason) != OK) {
            return FAILED;
        }
        if (renameat(job->scratch, scratch_name, objects, object) != 0 &&
            (errno != EISDIR || remove_tree(objects, object) != 0 ||
             renameat(job->scratch, scratch_name, objects, object) != 0)) {
            set_reason(reason, "cannot store %.200s: %s", file->path, strerror(errno));
            return FAILED;
        }
    }
    unlinkat(job->scratch, scratch_name, 0);
    if (linkat(objects, object, job->scratch, scratch_name, 0) == 0) {
        return OK;
    }
    /* The file system has no hard links, or another bundle just pruned the object: the entry gets its own file. */
    return write_scratch(job, file, scratch_name, reason);
}

static enum result make_symlink(const struct job *job, const struct file *file, const char *scratch_name,
                                struct reason *reason) {
    char target[PATH_MAX];
    memcpy(target, file->stored, file->size);
    target[file->size] = 0;
    unlinkat(job->scratch, scratch_name, 0);
    if (symlinkat(target, job->scratch, scratch_name) != 0) {
        set_reason(reason, "cannot link %.200s: %s", file->path, strerror(errno));
        return FAILED;
    }
    return OK;
}

/* Put a file into the entry, unless it is there and unchanged. */
static enum result unpack_file(const struct job *job, uint32_t number, struct reason *reason) {
    const struct file *file = &job->bundle->files[number];
    struct stat status;
    char scratch_name[16];
    bool exists = fstatat(job->entry, file->path, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && is_unchanged(&status, file)) {
        return OK;
    }
    if (exists && S_ISDIR(status.st_mode)) {
        remove_tree(job->entry, file->path); /* a file does not replace a folder */
    }
    snprintf(scratch_name, sizeof scratch_name, "%u", (unsigned)number);
    enum result result =
        file->is_link ? make_symlink(job, file, scratch_name, reason) : link_object(job, file, scratch_name, reason);
    if (result == OK && renameat(job->scratch, scratch_name, job->entry, file->path) != 0) {
        set_reason(reason, "cannot move %.200s into place: %s", file->path, strerror(errno));
        result = FAILED;
    }
    return result;
}

/* A thread: unpack the next file, until all are unpacked or one has failed. */
static void *unpack_files(void *argument) {
    struct job *job = argument;
    struct reason reason;
    for (;;) {
        uint32_t number = atomic_fetch_add(&job->next, 1);
        if (number >= job->bundle->count || atomic_load(&job->has_failed)) {
            return NULL;
        }
        if (unpack_file(job, number, &reason) != OK) {
            pthread_mutex_lock(&job->lock);
            if (!atomic_exchange(&job->has_failed, true)) {
                *job->reason = reason;
            }
            pthread_mutex_unlock(&job->lock);
        }
    }
}

static void run_threads(struct job *job) {
    pthread_t threads[MAX_THREADS - 1]; /* this thread works, too */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int count = 0;
    while (count < MAX_THREADS - 1 && count + 1 < cores &&
           pthread_create(&threads[count], NULL, unpack_files, job) == 0) {
        count++;
    }
    unpack_files(job);
    while (count > 0) {
        pthread_join(threads[--count], NULL);
    }
}

/* Create a folder, in place of anything else that has its name. */
static bool create_folder(int entry, const char *path, mode_t mode) {
    struct stat status;
    if (fstatat(entry, path, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISDIR(status.st_mode)) {
            return true;
        }
        remove_tree(entry, path);
    }
    return mkdirat(entry, path, mode) == 0 || errno == EEXIST;
}

/* Create the folders above a file. */
static enum result create_folders(int entry, const char *path, mode_t mode, struct reason *reason) {
    char folder[PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = 0;
        if (!create_folder(entry, folder, mode)) {
            set_reason(reason, "cannot create %.200s: %s", folder, strerror(errno));
            return FAILED;
        }
    }
    return OK;
}

/* Put every file that is missing or changed into the folder of an entry. The caller holds the lock for unpacking. */
enum result unpack(const struct store *store, const struct bundle *bundle, int folder, struct reason *reason) {
    struct job job = {.store = store, .bundle = bundle, .entry = folder, .scratch = -1, .reason = reason};
    char scratch_folder[SCRATCH_NAME_BYTES];
    for (uint32_t i = 0; i < bundle->count; i++) {
        enum result result = create_folders(folder, bundle->files[i].path, folder_mode(store), reason);
        if (result != OK) {
            return result;
        }
    }
    snprintf(scratch_folder, sizeof scratch_folder, "%s.scratch", bundle->id);
    remove_tree(store->partial, scratch_folder);
    if (mkdirat(store->partial, scratch_folder, 0700) == 0) {
        job.scratch = open_folder(store->partial, scratch_folder, O_NOFOLLOW);
    }
    if (job.scratch < 0) {
        set_reason(reason, "cannot create %.200s: %s", scratch_folder, strerror(errno));
        return FAILED;
    }
    pthread_mutex_init(&job.lock, NULL);
    run_threads(&job);
    close(job.scratch);
    remove_tree(store->partial, scratch_folder);
    return atomic_load(&job.has_failed) ? FAILED : OK;
}
