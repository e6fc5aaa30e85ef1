/* Reads the bundle file: launcher, payload, payload footer, source, manifest, trailer.
 *
 * The footer is the last 64 bytes of the executable region: offset of the index, its length, its digest, 8 zero bytes,
 * "DAGFLOE1". The index lists every file. dagfloe.format.payload writes both and describes their format.
 */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRAILER_BYTES = 64, FOOTER_BYTES = 64, MAGIC_BYTES = 8 };
/* The shortest file in the index: four numbers, a digest, and a path of one character. */
enum { FILE_BYTES = 4 * 8 + DIGEST_BYTES + 8 + 2 };

enum kind { PLAIN, PROGRAM, LINK };

static uint32_t read_u32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return le32toh(value);
}

/* A part of the index that is not read yet. */
struct reader {
    const uint8_t *next, *end;
    bool is_damaged, lacks_memory;
};

static const uint8_t *take_bytes(struct reader *reader, size_t length) {
    if (reader->is_damaged || (size_t)(reader->end - reader->next) < length) {
        reader->is_damaged = true;
        return NULL;
    }
    reader->next += length;
    return reader->next - length;
}

static uint64_t take_number(struct reader *reader) {
    const uint8_t *bytes = take_bytes(reader, 8);
    return bytes ? read_u64(bytes) : 0;
}

/* A string has its length before it and a zero byte after it. */
static const char *take_string(struct reader *reader) {
    uint64_t length = take_number(reader);
    const uint8_t *bytes = length < PATH_MAX ? take_bytes(reader, length + 1) : NULL;
    if (bytes == NULL || bytes[length] != 0 || strlen((const char *)bytes) != length) {
        reader->is_damaged = true;
        return "";
    }
    return (const char *)bytes;
}

/* Whether a path stays below the folder that it is relative to. */
static bool is_inside(const char *path) {
    if (*path == 0 || *path == '/') {
        return false;
    }
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
    }
    return true;
}

static bool take_file(struct reader *reader, struct file *file, const uint8_t *region, size_t region_size) {
    uint64_t kind = take_number(reader);
    uint64_t offset = take_number(reader);
    file->size = take_number(reader);
    file->stored_size = take_number(reader);
    const uint8_t *file_digest = take_bytes(reader, DIGEST_BYTES);
    file->path = take_string(reader);
    if (reader->is_damaged || kind > LINK || !is_inside(file->path) || offset > region_size ||
        file->stored_size > region_size - offset || file->size > SIZE_MAX / 2) {
        return false;
    }
    if (kind == LINK && (file->stored_size != file->size || file->size >= PATH_MAX)) {
        return false;
    }
    file->is_program = kind == PROGRAM;
    file->is_link = kind == LINK;
    file->stored = region + offset;
    memcpy(file->digest, file_digest, DIGEST_BYTES);
    return true;
}

static bool parse_index(struct bundle *bundle, struct reader *reader, const uint8_t *region, size_t region_size) {
    const uint8_t *magic = take_bytes(reader, MAGIC_BYTES);
    if (magic == NULL || memcmp(magic, "DFINDEX1", MAGIC_BYTES) != 0) {
        return false;
    }
    bundle->name = take_string(reader);
    bundle->program = take_string(reader);
    bundle->cache_dir = take_string(reader);
    bundle->loader = take_string(reader);
    bundle->libc_version = take_string(reader);
    uint64_t count = take_number(reader);
    /* Each file takes at least FILE_BYTES, so a damaged count cannot make this allocate much. */
    if (reader->is_damaged || count > (size_t)(reader->end - reader->next) / FILE_BYTES) {
        return false;
    }
    bundle->files = calloc(count + 1, sizeof *bundle->files);
    if (bundle->files == NULL) {
        reader->lacks_memory = true;
        return false;
    }
    bundle->count = (uint32_t)count;
    for (uint32_t i = 0; i < bundle->count; i++) {
        if (!take_file(reader, &bundle->files[i], region, region_size)) {
            return false;
        }
    }
    return reader->next == reader->end && is_inside(bundle->program);
}

static bool parse(struct bundle *bundle, const uint8_t *data, size_t size, bool *lacks_memory) {
    if (size < TRAILER_BYTES + FOOTER_BYTES) {
        return false;
    }
    const uint8_t *trailer = data + size - TRAILER_BYTES;
    uint64_t source_bytes = read_u32(trailer), manifest_bytes = read_u32(trailer + 4);
    uint64_t after_region = source_bytes + manifest_bytes + TRAILER_BYTES;
    if (memcmp(trailer + TRAILER_BYTES - MAGIC_BYTES, "AFBNDL01", MAGIC_BYTES) != 0 || after_region > size ||
        size - after_region < FOOTER_BYTES) {
        return false;
    }
    size_t region_size = size - (size_t)after_region;
    const uint8_t *footer = data + region_size - FOOTER_BYTES;
    uint64_t index_offset = read_u64(footer), index_bytes = read_u64(footer + 8);
    if (memcmp(footer + FOOTER_BYTES - MAGIC_BYTES, "DAGFLOE1", MAGIC_BYTES) != 0 || index_offset > region_size ||
        index_bytes > region_size - index_offset) {
        return false;
    }
    const uint8_t *index = data + index_offset;
    uint8_t index_digest[DIGEST_BYTES];
    digest(index, (size_t)index_bytes, index_digest);
    if (memcmp(index_digest, footer + 16, DIGEST_BYTES) != 0) {
        return false;
    }
    to_hex(index_digest, DIGEST_BYTES, bundle->id);
    struct reader reader = {.next = index, .end = index + index_bytes};
    bool is_parsed = parse_index(bundle, &reader, data, region_size);
    *lacks_memory = reader.lacks_memory;
    return is_parsed;
}

static enum result report_memory(int error, struct reason *reason) {
    set_reason(reason, "the bundle file cannot be read into memory (%s): raise the limit that `ulimit -v` shows",
               strerror(error));
    return FAILED;
}

/* Parse the bytes of a bundle file. The bundle refers to them, so they must stay in memory. */
enum result parse_bundle(struct bundle *bundle, const uint8_t *data, size_t size, struct reason *reason) {
    bool lacks_memory = false;
    if (parse(bundle, data, size, &lacks_memory)) {
        return OK;
    }
    if (lacks_memory) {
        return report_memory(ENOMEM, reason);
    }
    set_reason(reason, "the bundle file is damaged: copy it to this host again (`dagfloe verify` shows details)");
    return FAILED;
}

/* Read the file of the running program. */
enum result read_bundle(struct bundle *bundle, struct reason *reason) {
    struct stat status;
    char link[1];
    if (readlink("/proc/self/exe", link, sizeof link) < 0) {
        set_reason(reason, "/proc is not mounted, and the launcher cannot find the bundle file without it");
        return FAILED;
    }
    int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        set_reason(reason, "the bundle file cannot be read: make it readable for this user");
        return FAILED;
    }
    size_t size = (size_t)status.st_size;
    const uint8_t *data = mmap(NULL, size ? size : 1, PROT_READ, MAP_PRIVATE, descriptor, 0);
    int error = errno;
    close(descriptor);
    if (data == MAP_FAILED) {
        return report_memory(error, reason);
    }
    return parse_bundle(bundle, data, size, reason);
}
