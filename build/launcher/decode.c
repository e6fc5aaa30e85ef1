/* Decodes LZ4 blocks. Every length is checked: damaged input is refused, and no memory outside the buffers is used. */

#include "launcher.h"

enum { MIN_MATCH = 4, LONG_LENGTH = 15 };

/* A length of 15 continues in the bytes that follow, up to the first byte that is not 255. */
static bool read_length(const uint8_t **in, const uint8_t *end, size_t *length) {
    if (*length != LONG_LENGTH) {
        return true;
    }
    uint8_t byte;
    do {
        if (*in == end || *length > SIZE_MAX / 2) {
            return false;
        }
        byte = *(*in)++;
        *length += byte;
    } while (byte == 255);
    return true;
}

/* Copy a match. If it overlaps its own output, copy whole periods of it, twice as much every time. */
static void copy_match(uint8_t *out, size_t distance, size_t length) {
    const uint8_t *match = out - distance;
    while (length > 0) {
        size_t available = (size_t)(out - match);
        size_t count = available < length ? available : length;
        memcpy(out, match, count);
        out += count;
        length -= count;
    }
}

/* Decode a block. Returns whether it is valid and fills the output exactly. */
bool decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
    const uint8_t *in_end = in + in_size;
    uint8_t *next = out, *out_end = out + out_size;
    while (in < in_end) {
        uint8_t token = *in++;
        size_t length = token >> 4;
        if (!read_length(&in, in_end, &length) || length > (size_t)(in_end - in) || length > (size_t)(out_end - next)) {
            return false;
        }
        memcpy(next, in, length);
        next += length;
        in += length;
        if (in == in_end) { /* the last sequence has no match */
            break;
        }
        if (in_end - in < 2) {
            return false;
        }
        size_t distance = (size_t)in[0] | (size_t)in[1] << 8;
        in += 2;
        length = token & 15;
        if (!read_length(&in, in_end, &length)) {
            return false;
        }
        length += MIN_MATCH;
        if (distance == 0 || distance > (size_t)(next - out) || length > (size_t)(out_end - next)) {
            return false;
        }
        copy_match(next, distance, length);
        next += length;
    }
    return next == out_end;
}
