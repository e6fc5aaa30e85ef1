/* Decodes LZ4 blocks. Checks every length: damaged input gives -1, and never touches memory that is not its own. */

#include "launcher.h"

#include <string.h>

/* A length that does not fit its four bits goes on in bytes, to the first that is not 255. */
static int more_length(const uint8_t **in, const uint8_t *end, size_t *length) {
    uint8_t byte;
    do {
        if (*in == end || *length > SIZE_MAX / 2) {
            return -1;
        }
        byte = *(*in)++;
        *length += byte;
    } while (byte == 255);
    return 0;
}

int decode(const uint8_t *in, size_t stored, uint8_t *out, size_t size) {
    const uint8_t *in_end = in + stored;
    uint8_t *at = out, *out_end = out + size;
    while (in < in_end) {
        uint8_t token = *in++;
        size_t length = token >> 4;
        if (length == 15 && more_length(&in, in_end, &length)) {
            return -1;
        }
        if (length > (size_t)(in_end - in) || length > (size_t)(out_end - at)) {
            return -1;
        }
        memcpy(at, in, length);
        at += length;
        in += length;
        if (in == in_end) { /* the last sequence has no match */
            break;
        }
        if (in_end - in < 2) {
            return -1;
        }
        size_t distance = (size_t)in[0] | (size_t)in[1] << 8;
        in += 2;
        length = token & 15;
        if (length == 15 && more_length(&in, in_end, &length)) {
            return -1;
        }
        length += 4;
        if (distance == 0 || distance > (size_t)(at - out) || length > (size_t)(out_end - at)) {
            return -1;
        }
        const uint8_t *from = at - distance;
        if (distance >= length) {
            memcpy(at, from, length);
            at += length;
        } else {
            /* The match overlaps what it makes: copy whole periods of it, doubling. */
            while (length > 0) {
                size_t piece = (size_t)(at - from) < length ? (size_t)(at - from) : length;
                memcpy(at, from, piece);
                at += piece;
                length -= piece;
            }
        }
    }
    return at == out_end ? 0 : -1;
}
