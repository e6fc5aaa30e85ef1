/* Makes an answer to a Dag processor from a template: constant bytes and places for the two paths of the file that was
 * asked. Every length is checked. dagfloe/build/dag_processor/answers.py draws the templates.
 */

#include "launcher.h"

#include <stdlib.h>

enum { HEADER_BYTES = 4, FRAME_START_BYTES = 6, STRING_HEADER_BYTES = 5 };

/* A writer that only counts if it has no block. */
struct writer {
    uint8_t *block;
    uint64_t size;
};

/* Read the bytes that follow their length. */
static bool read_bytes(const uint8_t **at, const uint8_t *end, struct bytes *bytes) {
    size_t left = (size_t)(end - *at);
    if (left < sizeof(uint64_t) || read_u64(*at) > left - sizeof(uint64_t)) {
        return false;
    }
    *bytes = (struct bytes){*at + sizeof(uint64_t), (size_t)read_u64(*at)};
    *at = bytes->start + bytes->size;
    return true;
}

/* Find the template of the answer to a type of message: pairs of a type and a template. */
static bool find_template(const uint8_t *answers, size_t size, const struct bytes *type, struct bytes *found) {
    const uint8_t *at = answers, *end = answers + size;
    struct bytes name;
    while (at < end) {
        if (!read_bytes(&at, end, &name) || !read_bytes(&at, end, found)) {
            return false;
        }
        if (name.size == type->size && memcmp(name.start, type->start, type->size) == 0) {
            return true;
        }
    }
    return false;
}

/* The path of a file relative to a folder, if it is the rest of the path and has neither `.` nor `..` nor `//`. */
static bool find_relative(const struct bytes *file, const struct bytes *folder, struct bytes *relative) {
    size_t length = folder->size;
    while (length > 0 && folder->start[length - 1] == '/') {
        length--;
    }
    if (folder->size == 0 || file->size < length + 2 || memcmp(file->start, folder->start, length) != 0 ||
        file->start[length] != '/') {
        return false;
    }
    *relative = (struct bytes){file->start + length + 1, file->size - length - 1};
    size_t begin = 0;
    for (size_t i = 0; i <= relative->size; i++) {
        if (i < relative->size && relative->start[i] != '/') {
            continue;
        }
        struct bytes name = {relative->start + begin, i - begin};
        if (name.size == 0 || is_text(&name, ".") || is_text(&name, "..")) {
            return false;
        }
        begin = i + 1;
    }
    return true;
}

static void append(struct writer *writer, const void *data, size_t size) {
    if (writer->block != NULL) {
        memcpy(writer->block + writer->size, data, size);
    }
    writer->size += size;
}

/* Append a string in msgpack, with a length of four bytes. */
static void append_string(struct writer *writer, const struct bytes *string) {
    uint8_t header[STRING_HEADER_BYTES] = {0xdb};
    uint32_t length = htobe32((uint32_t)string->size);
    memcpy(header + 1, &length, sizeof length);
    append(writer, header, sizeof header);
    append(writer, string->start, string->size);
}

/* Fill in a template. Without a block, only the size is computed. Returns false if the template is damaged, or needs a
 * relative path and has none.
 */
static bool fill_template(const struct bytes *source, const struct bytes *file, const struct bytes *relative,
                          uint8_t *block, uint64_t *size) {
    const uint8_t *at = source->start, *end = source->start + source->size;
    struct writer writer = {block, 0};
    struct bytes constant;
    while (at < end) {
        switch (*at++) {
        case 'c':
            if (!read_bytes(&at, end, &constant)) {
                return false;
            }
            append(&writer, constant.start, constant.size);
            break;
        case 'f':
            append_string(&writer, file);
            break;
        case 'r':
            if (relative->start == NULL) {
                return false;
            }
            append_string(&writer, relative);
            break;
        default:
            return false;
        }
    }
    *size = writer.size;
    return true;
}

/* Make the frame of an answer in a new block: its length, and the array of the id 0 and of the body. NULL if the file
 * does not answer this message, or only the program can.
 */
uint8_t *make_answer(const struct bytes *answers, const struct dag_request *request, size_t *size) {
    struct bytes template, relative;
    uint64_t body_size;
    if (!find_template(answers->start, answers->size, &request->type, &template)) {
        return NULL;
    }
    if (!find_relative(&request->file, &request->bundle_path, &relative)) {
        relative = (struct bytes){NULL, 0};
    }
    if (!fill_template(&template, &request->file, &relative, NULL, &body_size) ||
        body_size > UINT32_MAX - FRAME_START_BYTES) {
        return NULL;
    }
    *size = (size_t)body_size + FRAME_START_BYTES;
    uint8_t *frame = malloc(*size);
    if (frame != NULL) {
        uint32_t length = htobe32((uint32_t)(*size - HEADER_BYTES));
        memcpy(frame, &length, sizeof length);
        memcpy(frame + HEADER_BYTES, "\x92\x00", 2);
        fill_template(&template, &request->file, &relative, frame + FRAME_START_BYTES, &body_size);
    }
    return frame;
}
