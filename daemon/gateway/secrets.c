#include "daemon/gateway/secrets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "daemon/base/files.h"

int secret_read(const char *path, bool shared, struct buf *out, coach_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(errno));
    if (!shared && (st.st_mode & 07) != 0)
        return coach_fail(err, COACH_EINVAL, "%s: holds a secret and every user may read it; say: chmod o= %s", path,
                          path);
    size_t before = out->len;
    int rc = file_read(path, SECRET_MAX, out, err);
    if (rc != COACH_OK)
        return rc == COACH_ELIMIT ? COACH_EINVAL : rc;
    while (out->len > before && (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == '\r'))
        out->data[--out->len] = '\0';
    if (out->len == before)
        return coach_fail(err, COACH_EINVAL, "%s: is empty", path);
    return COACH_OK;
}

void secret_wipe(struct buf *b)
{
    if (b->data != NULL)
        OPENSSL_cleanse(b->data, b->cap);
    buf_clear(b);
}
