#include "FusedToKernel/Templates.h"
using namespace nacre;
using namespace nacre::kernel;
Work kernel::emitConv(KernelFunction &kernel, fused::ConvOp conv) { return {}; }
Work kernel::emitConvDw(KernelFunction &kernel, fused::ConvDwOp conv) { return {}; }
