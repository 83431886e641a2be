/* A call, or a few, for each numbered sentence of rules/conversations.md up to 48 and for 50, 55 and 57: the same table
 * through the engine and through the reference evaluator, so that each is held against the page. */
#include "tests/support/callscript.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"

struct row {
    int sentence;
    const char *rule; /* "signals => rule" where they do not just say their names */
    const char *call;
    const char *lines; /* that findings belong to, from 1, in the order in which they stand in the call */
};

#define SAME_TURN "after: alpha; without: beta; within: same turn"
#define AGENTS    "after: alpha; without: beta; within: 2 agent turns"
#define SOON      "after: alpha; without: beta; within: 10s"
#define TWICE     "count: alpha; at_least: 2; within: 10s"
#define CLOSING   "at: omega; without: beta; since: call start"
#define ABC       "sequence: alpha, beta, gamma; within: 20s; cancel: delta"
#define PAIR      "sequence: alpha, beta; within: 10s; cancel: delta"
#define OVER      "overlap: agent over customer; lasting: 1s"
#define SILENT    "silence: longer than 10s"
#define LONG      "monologue: agent longer than 10s"
#define FAST      "pace: agent faster than 120 words a minute; over: 4s"
#define CLOSED    "questions: closed; at_least: 3"
#define SWIFT     "a 0-1 hello; c 1.2-2 hello; a 2.2-3 so; "

static const struct row rows[] = {
    /* the clock */
    {1, SOON, "c 0-5 alpha; a 14-16 beta", ""},
    {1, SOON, "c 0-5 alpha; a 15.5-16 beta; end 60", "1"},
    {1, SOON, "c @5 alpha; a @14 beta; a @60 so", ""},
    {1, SOON, "c @5 alpha; a @16 beta; a @60 so", "1"},
    {2, SOON, "c 0-5 alpha; end 14", ""},
    {2, SOON, "c 0-5 alpha; end 16", "1"},
    {2, SOON, "c 0-5@8 alpha; a 14-15@18 beta; a 40-41@44 so", ""},
    {2, SOON, "c 0-5@8 alpha; a 15.5-16@19 beta; a 40-41@44 so", "1"},
    {3, AGENTS, "c 0-2@4 alpha; a 3-5@9 so; c 6-7@9 so; a 8-9@9 so; c 10-11@19 so", "4"},
    {3, AGENTS, "c 0-2 alpha; a 3-5 so; c 6-7 so; a 8-9 so; c 10-11 so", "4"},
    {4, PAIR, "c 4-6 alpha; a 1-7 beta", "2"},
    {4, PAIR, "a 1-7 beta; c 4-8 alpha", ""},
    /* lines and turns */
    {5, TWICE, "a 0-2 alpha alpha; c 3-4 alpha", "2"},
    {5, "count: alpha; at_least: 3; within: 10s", "a 0-2 alpha alpha; c 3-4 alpha", ""},
    {6, SAME_TURN, "a 0-2 alpha; c 2.5-3 mm hmm; a 3-4 beta", ""},
    {6, SAME_TURN, "a 0-2 alpha; c 2.5-3 okay right yeah; a 3-4 beta", ""},
    {6, SAME_TURN, "a 0-2 alpha; c 2.5-3 okay so; a 3-4 beta", "1"},
    {7, SAME_TURN, "a 0-2 alpha; a 3.5-5 beta", ""},
    {7, SAME_TURN, "a 0-2 alpha; a 4.5-5 beta", "1"},
    {7, SAME_TURN, "a 0-2 alpha; c 2.5-3 so; a 3.5-5 beta", "1"},
    {8, AGENTS, "c 0-2 alpha; a 2.5-3 right; c 3-5 so; a 5-6 so; c 6-7 so; a 7-8 beta", ""},
    {8, AGENTS, "c 0-2 alpha; a 2.5-3 right; c 3-5 so; a 5-6 so; c 6-7 so; a 7-8 so; a 8-9 so", "6"},
    {8, LONG, "a 0-6 so; a 7-8 right; a 9-11 so", "3"},
    {8, LONG, "c 0-6 so; a 1-2 right; c 7-8 so; a 9-11 so; a 12-13 so", ""},
    {8, SAME_TURN, "a 0-2 alpha; a 3.5-4 right; a 5.5-6 beta", ""},
    {8, "after: alpha; without: beta; within: 1 agent turn", "a 0-2 alpha; a 5-6 right", ""},
    {8, SAME_TURN, "a 0-2 alpha; c 5-6 right; a 7-8 so", "1"},
    {9, SAME_TURN, "a 0-2 alpha; a 3.9-9 beta; c 10-11 so", ""},
    {9, SAME_TURN, "a 0-2 alpha; c 5-6 right; a 3.9-9 beta; c 10-11 so", ""},
    {9, AGENTS, "c 0-1 alpha; a 2-3 so; c 6-6.5 right; a 4.9-9 beta; c 10-11 so; a 12-13 so; c 14-15 so", ""},
    {10, SAME_TURN, "a 0-2 alpha; s 2.5-3 please hold; a 3-4 beta", ""},
    {10, SAME_TURN, "a 0-2 alpha; s 2-3 beta; c 5-6 so", "1"},
    {10, SILENT, "a 0-2 so; s 11-12 beep; c 13-14 so", ""},
    {10, SILENT, "a 0-2 so; s 13-14 beep; c 15-16 so", "1"},
    {10, SILENT, "a 0-2 so; s 11-12 beep; c 23-24 so", "1"},
    {10, SILENT, "s 0-2 beep; c 23-24 so", ""},
    {10, SILENT, "a 0-2 so; s 11-25 beep; end 60", "1"},
    /* signals */
    {11, "alpha agent => " TWICE, "a 0-2 alpha; a 3-4 alpha", "2"},
    {11, "alpha agent => " TWICE, "c 0-2 alpha; c 3-4 alpha", ""},
    {11, TWICE, "a 0-2 alpha alpha alpha; c 3-4 so", ""},
    {11, "alpha: zip zap => count: alpha; at_least: 1; within: 10s", "a 0-2 zip; a 20-21 zip zap", "2"},
    {12, "alpha: zip zap => count: alpha; at_least: 1; within: 10s", "a 0-2 so zip; a 3-4 zap so", "2"},
    {12, "alpha: zip zap => count: alpha; at_least: 1; within: 10s", "a 0-2 so zip; c 2-3 mm hmm; a 3-4 zap so", "3"},
    {12, "alpha: zip zap => count: alpha; at_least: 1; within: 10s", "a 0-2 zip; c 2-3 so; a 3-4 zap", ""},
    {12, "alpha: zip zap => count: alpha; at_least: 1; within: 10s", "a 0-2 zip; a 5-6 zap", ""},
    {13, "often = count: alpha; at_least: 2; within: 10s => count: often; at_least: 2; within: 60s",
     "a 0-1 alpha; a 1-2 alpha; c 3-4 alpha; c 4-5 alpha", "4"},
    {13,
     "ignored = after: alpha; without: beta; within: same turn => after: ignored; without: gamma; within: 2 agent "
     "turns",
     "a 0-1 alpha; c 2-3 so; a 4-5 so; c 6-7 so; a 8-9 so; c 10-11 so", "5"},
    {14, PAIR, "a 0-2 alpha beta", "1"},
    {14, PAIR, "a 0-2 beta alpha", ""},
    /* windows */
    {15, SAME_TURN, "a 0-2 alpha; a 3-4 so; c 5-6 so; a 7-8 beta", "1"},
    {15, SAME_TURN, "a 0-2 alpha; c 2-3 beta; end 60", "1"},
    {15, SAME_TURN, "a 0-2 alpha; c 1.5-3 beta; end 60", "1"},
    {16, AGENTS, "a 0-2 alpha; c 3-4 so; a 5-6 so; c 7-8 so; a 9-10 beta", ""},
    {16, AGENTS, "a 0-2 alpha; c 3-4 so; a 5-6 so; c 7-8 so; a 9-10 so; c 11-12 so; a 13-14 beta", "5"},
    {16, "after: alpha; without: beta; within: 2 turns", "a 0-2 alpha; c 3-4 so; a 5-6 so; c 7-8 beta", "3"},
    {16, "after: alpha; without: beta; within: 2 turns", "a 0-2 alpha; c 3-4 so; a 5-6 beta; c 7-8 so", ""},
    {17, SOON, "c 0-2 alpha; a 5-6 so; c 7-8 so; a 11-13 beta", ""},
    {17, SOON, "c 0-2 alpha; a 5-6 so; c 7-8 so; a 12.5-13 beta", "3"},
    {18, "after: alpha; without: beta; within: 1 agent turn or 10s", "c 0-2 alpha; a 3-4 so; c 5-6 so; a 7-8 beta",
     "2"},
    {18, "after: alpha; without: beta; within: 3 agent turns or 10s", "c 0-2 alpha; a 3-4 so; c 5-6 so; a 13-14 beta",
     "3"},
    {19, SOON, "c 0-2 alpha; a 11.5-20 beta; c 30-31 so", ""},
    {19, SOON, "c 0-2 alpha; a 12.1-20 beta; c 30-31 so", "1"},
    {19, AGENTS, "c 0-2 alpha; a 3-4 so; c 5-6 so; a 7-8 so; a 9.5-14 beta; c 30-31 so", ""},
    {19, SAME_TURN, "a 0-2 alpha; c 2.2-4 so; a 2.1-5 beta", "1"},
    {19, "count: alpha; at_least: 2; within: same turn", "a 0-2 alpha; c 2.5-3 so; a 2.2-5 alpha", ""},
    {19, SOON, "a 0-2 alpha; a 16-17 alpha; c 1-18 beta; end 60", ""},
    {20, SAME_TURN, "a 0-2 alpha", "1"},
    {20, AGENTS, "c 0-2 alpha; a 3-4 so; c 5-6 so; a 7-8 so", "4"},
    {20, AGENTS, "c 0-2 alpha; a 3-4 so; c 5-6 so", ""},
    {20, SOON, "c 0-2 alpha; a 3-4 so; end 11.5", ""},
    /* after */
    {21, AGENTS, "c 0-2 beta; c 3-4 alpha; a 5-6 so; c 7-8 so; a 9-10 so", ""},
    {21, AGENTS, "c 0-2 alpha beta; a 5-6 so; c 7-8 so; a 9-10 so", ""},
    {21, AGENTS, "c 0-2 beta alpha; a 5-6 so; c 7-8 so; a 9-10 so", ""},
    {21, AGENTS, "a 0-2 beta; c 3-4 alpha; a 5-6 so; c 7-8 so; a 9-10 so", "5"},
    {22, SOON, "c 0-2 alpha; c 3-4 beta; end 60", ""},
    {22, SOON, "c 0-2 alpha; a 3-4 beta; end 60", ""},
    {22, SOON, "c 0-2 alpha; a 3-4 so; end 60", "2"},
    {23, SOON, "c 0-2 alpha; c 9-10 alpha; a 13-14 beta; end 60", "2"},
    {23, SOON, "c 0-2 alpha; a 4-5 so; c 9-10 alpha; a 19-20 so; end 60", "3"},
    {24, SOON, "c 0-2 alpha; c 20-21 alpha; end 60", "1 2"},
    {24, SOON, "c 0-2 alpha; a 3-4 beta; c 5-6 alpha; a 7-8 so; end 60", "4"},
    {25, AGENTS, "c 0-2 alpha; a 3-4 so; c 5-6 so; a 7-8 so; a 8-9 so; c 10-11 so", "4"},
    {25, SAME_TURN, "a 0-2 so; a 2-3 alpha; a 4-5 so; c 6-7 so", "2"},
    {25, SOON, "c 0-2 alpha; a 3-4 so; c 11-13 so; end 60", "2"},
    {25, "after: alpha; without: beta; within: 1 agent turn or 10s", "c 0-2 alpha; c 4-5 so; a 9-14 so; end 60", "3"},
    {25, "after: alpha; without: beta; within: 2 agent turns or 10s", "c 0-2 alpha; a 4-5 so; a 9-14 so; end 60", "3"},
    {25, "after: alpha; without: beta; within: 3 agent turns or 10s", "c 0-2 alpha; a 4-5 so; a 9-14 so; end 60", "2"},
    /* at */
    {26, CLOSING, "a 0-2 so; a 3-4 omega", "2"},
    {26, CLOSING, "a 0-2 beta; c 3-30 so; a 31-32 omega", ""},
    {26, "at: omega; without: beta", "a 0-2 omega; a 3-4 beta; a 5-6 omega", "1"},
    {26, "at: omega; without: beta; since: alpha", "a 0-2 beta; c 3-4 alpha; a 5-6 omega", "3"},
    {26, "at: omega; without: beta; since: alpha", "c 3-4 alpha; a 5-6 beta; a 7-8 omega; c 9-10 alpha; a 11-12 omega",
     "5"},
    {26, "at: omega; without: beta; since: 10s", "a 0-2 beta; a 11-12 omega; a 20-21 omega", "3"},
    {27, CLOSING, "a 0-2 omega beta", ""},
    {27, CLOSING, "a 0-2 beta omega", ""},
    {27, CLOSING, "a 0-2 omega; a 2-3 beta", "1"},
    {28, "at: omega; without: beta; since: alpha", "a 0-2 omega; c 3-4 alpha", ""},
    {29, "at: call end; without: beta; since: call start", "a 0-2 alpha; c 3-4 so", "2"},
    {29, "at: call end; without: beta; since: call start", "a 0-2 beta; c 3-4 so; end 100", ""},
    {29, "at: call end; without: beta; since: alpha", "a 0-1 beta; a 2-3 alpha; c 3-4 so; end 100", "3"},
    {29, "at: call end; without: beta; since: 10s", "a 0-2 beta; end 60", "1"},
    {29, "at: call end; without: beta; since: 1 agent turn", "a 0-2 beta; c 3-4 so; a 5-6 so; c 7-8 so; a 9-10 so",
     "5"},
    {29, "at: call end; without: beta; since: call start", "end 10", ""},
    /* sequence */
    {30, ABC, "a 0-1 alpha; c 2-3 beta; a 4-5 gamma", "3"},
    {30, ABC, "a 0-1 alpha; a 2-3 gamma; a 4-5 beta", ""},
    {30, ABC, "a 0-1 alpha; c 2-3 beta; c 5-6 zeta; a 22-23 gamma", ""},
    {30, ABC, "a 0-1 alpha; c 2-3 beta; c 5-6 beta alpha; a 20-23 gamma", "4"},
    {31, ABC, "a 0-1 alpha; c 2-3 beta delta; a 4-5 gamma", ""},
    {31, ABC, "a 0-1 alpha; c 2-3 beta; a 4-5 gamma delta", ""},
    {31, ABC, "a 0-1 alpha; c 2-3 beta; a 4-5 delta gamma", ""},
    {31, "again = count: alpha; at_least: 2; within: 20s => sequence: beta, gamma; within: 20s; cancel: again",
     "a 0-1 alpha; a 1-2 beta; a 2-3 gamma alpha", ""},
    {31, PAIR, "a 0-1 alpha; a 2-3 delta; a 4-5 alpha; a 6-7 beta", "4"},
    {31, PAIR, "a 0-1 delta; a 4-5 alpha; a 6-7 beta; a 7-8 delta", "3"},
    {32, PAIR, "a 0-1 alpha; a 8-9 alpha; a 15-16 beta", "3"},
    {32, "sequence: alpha, beta, gamma; within: 10s",
     "a 0-1 alpha; a 3-4 beta; a 6-7 alpha; a 12-13 gamma; a 14-15 beta; a 15-16 gamma", "6"},
    {33, PAIR, "a 0-1 alpha; a 2-3 beta; a 3-4 beta; a 4-5 alpha; a 5-6 beta", "2 5"},
    /* count */
    {34, TWICE, "a 0-1 alpha; c 9-10 alpha", "2"},
    {34, TWICE, "a 0-1 alpha; c 11.5-12 alpha; c 13-14 alpha", "3"},
    {34, "count: alpha; at_least: 2; within: same turn", "a 0-1 alpha; c 2-3 so; a 4-5 alpha; a 5-6 alpha", "4"},
    {34, "count: alpha; at_least: 3; within: 1 agent turn", "a 0-1 alpha; c 2-3 alpha; a 4-5 alpha; c 6-7 alpha", "3"},
    {35, TWICE, "a 0-1 alpha; a 1-2 alpha; a 2-3 alpha; a 3-4 alpha; a 4-5 alpha", "2 4"},
    /* windows that look back */
    {36, "at: omega; without: beta; since: 1 turn", "a 0-1 beta; c 2-3 omega; a 4-5 omega", "3"},
    {36, "at: omega; without: beta; since: 1 agent turn", "a 0-1 beta; c 2-3 so; a 4-5 omega; c 6-7 so; a 8-9 omega",
     "5"},
    {36, "at: omega; without: beta; since: 5s", "a 0-1 beta; c 2-3 so; a 5-6 omega; a 6-7 omega", "4"},
    {36, "at: omega; without: beta; since: 1 agent turn or 5s", "a 0-1 beta; c 2-3 so; a 4-5 omega; a 8-9 omega", "4"},
    {36, "at: omega; without: beta; since: same turn", "a 0-1 beta; a 1-2 omega; c 3-4 so; a 5-6 omega", "4"},
    /* overlap */
    {37, OVER, SWIFT "c 4-8 so i; a 6-9 so", "5"},
    {37, OVER, SWIFT "c 4-8 so i; a 7.5-9 so", ""},
    {37, OVER, SWIFT "a 4-9 so; c 6-10 so", ""},
    {37, OVER, SWIFT "c 4-6.5 so i; c 6.8-9 and so; a 6-9 so", "6"},
    {37, OVER, SWIFT "c 4-6.5 so i; c 7.2-9 and so; a 6-9 so", ""},
    {37, OVER, SWIFT "c 4-8 so i; a 6-7.5 yeah right", ""},
    {37, OVER, SWIFT "c 4-8 mm hmm; a 6-7.5 so", ""},
    {37, OVER, SWIFT "a 6-7.5 so; c 4-8 so i", "4"},
    {37, "overlap: customer over agent; lasting: 1s", SWIFT "a 4-8 so i; c 6-9 so", "5"},
    {38, OVER "; times: 2; within: 20s", SWIFT "c 4-8 so; a 6-9 so; c 10-14 so; a 12-15 so", "7"},
    {38, OVER "; times: 2; within: 5s", SWIFT "c 4-8 so; a 6-9 so; c 20-24 so; a 22-25 so; c 25-28 so; a 26-29 so",
     "9"},
    {38, OVER "; times: 2", SWIFT "c 4-8 so; a 6-9 so; c 200-204 so; a 202-205 so; c 205-208 so; a 206-209 so", "7"},
    {39, OVER,
     "a 0-1 so; c 3-4 so; a 4.1-5 so; c 7-8 so; a 8.1-9 so; c 11-12 so; a 12.1-13 so; c 15-19 so; a 17.5-20 so", ""},
    {39, OVER,
     "a 0-1 so; c 1.5-4 so; a 4.1-5 so; c 7-8 so; a 8.1-9 so; c 9.5-12 so; a 12.1-13 so; c 15-19 so; a 17.5-20 so",
     "9"},
    /* silence */
    {40, SILENT, "a 0-2 so; c 12.5-13 so", "1"},
    {40, SILENT, "a 0-2 so; c 11.5-13 so", ""},
    {40, SILENT, "a 0-2 so; c 3-9 so; c 10-14 so; end 25", "3"},
    {40, SILENT, "a 0-2 so; a 3-20 so; c 21-22 so", ""},
    {41, SILENT, "a 0-2 so; hold 5-20; c 18-19 so", ""},
    {41, SILENT, "a 0-2 so; lookup 5-20; c 18-19 so", ""},
    {41, SILENT, "a 0-2 so; lookup 3-7; c 16.5-17 so", ""},
    {41, SILENT, "a 0-2 so; lookup 3-7; c 17.5-18 so", "1"},
    {41, SILENT, "a 0-2 so; hold 12.5-30; c 31-32 so", "1"},
    {41, SILENT "; without: beta", "a 0-2 beta; c 14-15 so", ""},
    {41, SILENT "; without: beta", "a 0-2 beta; c 3-4 so; a 4-5 so; c 18-19 so", "3"},
    {41, SILENT "; without: beta", "a 0-2 beta; c 3-4 so; c 14-15 so", ""},
    {41, SILENT "; without: beta", "a 0-1 beta; c 1.5-2.5 beta; c 5.5-6.5 so; end 60", ""},
    {42, SILENT, "a 0-2 so; c 90-91 so", "1"},
    {42, SILENT, "a 0-2 so; c 14-15 so; a 30-31 so; c 51.5-52 so; a 80-81 so", "1 3"},
    {42, SILENT, "a 0-1 so; a 20-21 so; a 50-51 so; a 100-101 so; a 170-171 so; a 260-261 so; a 350-351 so",
     "1 2 3 5 6"},
    {42, "silence: longer than 1s", "a 0-1 so; a 5-6 so; a 10-11 so; a 20-21 so; a 22-32 so; a 37-38 so", "1 2 3"},
    {43, SILENT, "a 30-31 so; c 32-33 so", ""},
    /* monologue */
    {44, LONG, "a 0-6 so; a 7-9 so; a 9.5-11 so; a 12-25 so", "3"},
    {44, LONG, "a 0-6 so; a 7-9 so; c 9-10 so; a 10.5-12 so; a 13-19 so", ""},
    {44, LONG, "a 0-11 so; c 12-13 so; a 14-25 so; c 30-45 so", "1 3"},
    {44, "monologue: customer longer than 10s", "a 0-11 so; c 12-23 so; a 24-45 so", "2"},
    /* pace */
    {45, FAST, "a 0-2 so so so; a 3.5-5.5 so so so so so so", "2"},
    {45, FAST, "a 0-2 so so so; a 3.5-5.5 so so so so so", ""},
    {45, FAST, "a 0-2 so so so; a 10-12 so so so so so so", ""},
    {45, FAST, "a 0-3 so so so so so so so so so", ""},
    {45, FAST,
     "a 0-4 so so so so so so so so so; a 5-9 so so so so so so so so so so; a 10-14 so; "
     "a 15-19 so so so so so so so so so",
     "1 4"},
    {45, FAST, "a 0-4 so so so so so so so so so; a 5-9 so so so so so so so so; a 10-14 so so so so so so so so so",
     "1"},
    {45, FAST, "a 0-4 so so so so so so so so so; c 5-6 so; a 7-11 so so so so so so so so so", "1 3"},
    /* questions */
    {46, CLOSED, "a 0-1 do you so; a 2-3 is it so; a 4-5 can i so", "3"},
    {46, CLOSED, "a 0-1 do you so; c 2-3 is it so; a 4-5 can i so; a 5-6 alpha can i", ""},
    {46, CLOSED, "a 0-1 do you so; a 2-3 is it so; a 4-5 so. can i so", "3"},
    {46, CLOSED, "a 0-1 do you so; a 2-3 is it so; a 4-5 can i so what happened", ""},
    {47, CLOSED,
     "a 0-1 do you so; a 2-3 is it so; a 3-4 what happened so; a 4-5 can i so; a 5-6 do you so; a 6-7 is it so", "6"},
    {47, CLOSED, "a 0-1 do you so; a 2-3 is it so; a 4-5 can i so; a 5-6 do you so; a 6-7 is it so; a 7-8 can i so",
     "3 6"},
    {47, CLOSED "; within: 10s", "a 0-1 do you so; a 2-3 is it so; a 12-13 can i so; a 13.1-14 can i so", ""},
    {47, CLOSED "; within: 10s", "a 0-1 do you so; a 2-3 is it so; a 12-12.5 can i so; a 12.6-13 can i so", "4"},
    /* feeds without times */
    {48, SILENT, "a @2 so; c @40 so", ""},
    {48, SILENT, "a 0-2 so; a 20-21 so; c @30 so; a 80-81 so", "1"},
    {48, LONG, "a 0-5 so; a @6 so; a 7-20 so", ""},
    /* a rule's own limits */
    {50, "sequence: alpha, beta; within: 20s", "a 0-1 alpha beta alpha beta; a 2-3 so", "1"},
    {55, "count: alpha; at_least: 1; within: 5s; cooldown: 10s", "a 0-1 alpha; a 5-6 alpha; a 12-13 alpha", "1 3"},
    {55, "count: alpha; at_least: 1; within: 5s; per_call: 2", "a 0-1 alpha; a 5-6 alpha; a 12-13 alpha", "1 2"},
    {55, SOON, "c 0-2 alpha; c 13-13.5 alpha; end 60", "1 2"},
    {55, SOON "; per_call: 2", "a 0-2 alpha; a 20-22 alpha; c 40-42 alpha; a 43-56 beta; end 99", "1 2"},
    {57, SOON "; cooldown: 12s", "c 0-2 alpha; c 13-14 alpha; end 60", "1 2"},
    {57, SOON "; cooldown: 12.5s", "c 0-2 alpha; c 13-14 alpha; end 60", "1"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static struct callscript_rules rules;
static struct reference_call call;
static struct reference_findings found;

static void read_row(const struct row *row)
{
    const char *rule = strstr(row->rule, " => ");
    char signals[CALLSCRIPT_TEXT] = "";
    callscript_init(&rules);
    if (rule != NULL)
        memcpy(signals, row->rule, (size_t)(rule - row->rule));
    callscript_signals(&rules, signals);
    callscript_rule(&rules, rule == NULL ? row->rule : rule + 4);
    callscript_call(&call, row->call);
}

/* "1 4", in the order of the call. */
static const char *lines_found(void)
{
    static char text[400];
    size_t n = 0;
    text[0] = '\0';
    for (size_t line = 0; line < call.count; line++)
        for (size_t i = 0; i < found.count; i++)
            if (found.items[i].line == line)
                n += (size_t)snprintf(text + n, sizeof text - n, "%s%zu", n > 0 ? " " : "", line + 1);
    return text;
}

static void check_row(const struct row *row, const char *how)
{
    ck_assert_msg(strcmp(lines_found(), row->lines) == 0,
                  "sentence %d, %s: found '%s' where '%s' was expected\n  %s\n  %s", row->sentence, how, lines_found(),
                  row->lines, row->rule, row->call);
}

START_TEST(the_reference_evaluator_keeps_each_sentence)
{
    const struct row *row = &rows[_i];
    read_row(row);
    reference_run(&rules.meaning, &call, &found);
    check_row(row, "reference");
    callscript_clear(&rules);
}
END_TEST

START_TEST(the_engine_keeps_each_sentence)
{
    static const struct callscript_manner manners[] = {
        {0}, {.sleepy = true}, {.restless = true}, {.interims = true}, {.sleepy = true, .interims = true}};
    static const char *const names[] = {"engine", "engine, sleepy", "engine, restless", "engine, with interim results",
                                        "engine, sleepy, with interim results"};
    const struct row *row = &rows[_i];
    struct engine *engine = engine_new();
    read_row(row);
    struct ruleset *set = callscript_compile(&rules);
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        ck_assert_msg(callscript_engine(engine, set, &call, &manners[i], &found), "found twice: %s", row->call);
        check_row(row, names[i]);
    }
    ruleset_unref(set);
    engine_free(engine);
    callscript_clear(&rules);
}
END_TEST

START_TEST(every_sentence_has_a_call)
{
    for (int sentence = 1; sentence <= 48; sentence++) {
        bool has = false;
        for (size_t i = 0; i < ROWS; i++)
            has = has || rows[i].sentence == sentence;
        ck_assert_msg(has, "sentence %d", sentence);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sentences");
    TCase *c = tcase_create("sentences");
    tcase_add_test(c, every_sentence_has_a_call);
    tcase_add_loop_test(c, the_reference_evaluator_keeps_each_sentence, 0, ROWS);
    tcase_add_loop_test(c, the_engine_keeps_each_sentence, 0, ROWS);
    suite_add_tcase(s, c);
    return suite_run(s);
}
