/* Any text as words: the line's form, the places in the text, the zero bytes behind. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/english.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct words again; /* one that has held other texts */
    size_t len;
    char *text = fuzz_text(data, size, &len);
    struct words w;
    words_init(&w);
    HOLDS(words_read(&w, english(), text, len) == COACH_OK);
    HOLDS(w.truncated == (len > WORDS_MAX_TEXT));
    fuzz_check_words(&w, text, len);
    HOLDS(words_read(&again, english(), text, len) == COACH_OK);
    HOLDS(again.count == w.count && again.line.len == w.line.len);
    HOLDS(w.count == 0 || memcmp(again.line.data, w.line.data, w.line.len + WORDS_PAD) == 0);
    HOLDS(w.count == 0 || memcmp(again.items, w.items, w.count * sizeof *w.items) == 0);
    words_clear(&w);
    free(text);
    return 0;
}
