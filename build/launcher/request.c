/* Reads the first frame of a Dag processor: msgpack, whose every length is checked. It finds three strings and skips
 * everything else, without recursion.
 */

#include "launcher.h"

struct cursor {
    const uint8_t *at, *end;
};

/* What a value consists of after its header: so many bytes, and then so many other values. */
struct value {
    bool is_string, is_array, is_map;
    uint64_t size, count;
};

static bool read_number(struct cursor *cursor, size_t width, uint64_t *number) {
    if ((size_t)(cursor->end - cursor->at) < width) {
        return false;
    }
    for (*number = 0; width > 0; width--) {
        *number = *number << 8 | *cursor->at++;
    }
    return true;
}

/* Strings, binary data, extensions, arrays and maps whose length follows: 1, 2 or 4 bytes. */
static bool read_long_header(struct cursor *cursor, uint8_t code, struct value *value) {
    static const uint8_t NUMBERS[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8};
    static const uint8_t EXTENSIONS[] = {2, 3, 5, 9, 17};
    if (code >= 0xca && code <= 0xd3) {
        value->size = NUMBERS[code - 0xca];
        return true;
    }
    if (code >= 0xd4 && code <= 0xd8) {
        value->size = EXTENSIONS[code - 0xd4];
        return true;
    }
    bool is_container = code >= 0xdc, is_extension = code >= 0xc7 && code <= 0xc9;
    uint8_t first = is_container ? (code >= 0xde ? 0xdd : 0xdb) : code >= 0xd9 ? 0xd9 : is_extension ? 0xc7 : 0xc4;
    uint64_t length;
    if (!read_number(cursor, (size_t)1 << (code - first), &length)) {
        return false;
    }
    value->is_string = first == 0xd9;
    value->is_array = first == 0xdb;
    value->is_map = first == 0xdd;
    value->size = is_container ? 0 : length + is_extension;
    value->count = value->is_map ? 2 * length : value->is_array ? length : 0;
    return true;
}

/* Read the header of a value. What the header announces is in the data, as far as its bytes go. */
static bool read_header(struct cursor *cursor, struct value *value) {
    uint64_t code;
    *value = (struct value){0};
    if (!read_number(cursor, 1, &code) || code == 0xc1) {
        return false;
    }
    if (code >= 0x80 && code <= 0x8f) {
        value->is_map = true;
        value->count = 2 * (code & 0x0f);
    } else if (code >= 0x90 && code <= 0x9f) {
        value->is_array = true;
        value->count = code & 0x0f;
    } else if (code >= 0xa0 && code <= 0xbf) {
        value->is_string = true;
        value->size = code & 0x1f;
    } else if (code >= 0xc4 && code <= 0xdf && !read_long_header(cursor, (uint8_t)code, value)) {
        return false;
    }
    uint64_t left = (uint64_t)(cursor->end - cursor->at);
    return value->size <= left && value->count <= left; /* each value takes a byte or more */
}

static bool skip(struct cursor *cursor) {
    for (uint64_t pending = 1; pending > 0; pending--) {
        struct value value;
        if (!read_header(cursor, &value)) {
            return false;
        }
        cursor->at += value.size;
        pending += value.count;
    }
    return true;
}

static bool read_string(struct cursor *cursor, struct bytes *string) {
    struct value value;
    if (!read_header(cursor, &value) || !value.is_string) {
        return false;
    }
    *string = (struct bytes){cursor->at, (size_t)value.size};
    cursor->at += value.size;
    return true;
}

bool is_text(const struct bytes *bytes, const char *text) {
    return bytes->size == strlen(text) && memcmp(bytes->start, text, bytes->size) == 0;
}

/* Find the strings `type`, `file` and `bundle_path` of the message in a frame with the id 0. Returns whether it has the
 * first two; the third one is empty if it is missing.
 */
bool parse_request(const uint8_t *payload, size_t size, struct dag_request *request) {
    struct cursor cursor = {payload, payload + size};
    struct value frame, body;
    uint64_t id;
    *request = (struct dag_request){0};
    if (!read_header(&cursor, &frame) || !frame.is_array || frame.count < 2 || !read_number(&cursor, 1, &id) ||
        id != 0 || !read_header(&cursor, &body) || !body.is_map) {
        return false;
    }
    for (uint64_t i = 0; i < body.count; i += 2) {
        struct bytes name;
        if (!read_string(&cursor, &name)) {
            return false;
        }
        struct bytes *wanted = is_text(&name, "type")          ? &request->type
                               : is_text(&name, "file")        ? &request->file
                               : is_text(&name, "bundle_path") ? &request->bundle_path
                                                               : NULL;
        if (wanted ? !read_string(&cursor, wanted) : !skip(&cursor)) {
            return false;
        }
    }
    return request->type.start != NULL && request->file.start != NULL;
}
