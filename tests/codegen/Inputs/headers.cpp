// All headers together, in C++, and each a second time.
#include "gru.h"
#include "indrnn.h"
#include "lstm.h"
#include "mgu.h"
#include "mingru.h"
#include "minlstm.h"
#include "minlstm_unnormalized.h"
#include "qrnn.h"
#include "rglru.h"
#include "sru.h"

#include "mingru.h"
#include "sru.h"

void (*const entries[])(const struct mingru_step_arguments *) = {mingru_step};
