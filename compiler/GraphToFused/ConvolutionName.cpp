//===- ConvolutionName.cpp - What schedules call a convolution ------------===//

#include "GraphToFused/ConvolutionName.h"
#include "Graph/Graph.h"
#include "GraphToFused/Frames.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre;

static std::string sizes(ArrayRef<int64_t> values) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(values, stream, "x");
  return text;
}

template <typename Op>
static std::string nameOf(StringRef direction, Op op, RankedTensorType x, RankedTensorType y, RankedTensorType weight,
                          RankedTensorType images) {
  Frames frames(weight);
  SmallVector<int64_t> input = frames.images(x.getShape()), output = frames.images(y.getShape());
  input[0] = frames.images(images.getShape())[0];
  std::string name;
  llvm::raw_string_ostream stream(name);
  stream << direction << " " << weight.getElementType() << " " << sizes(input) << " to "
         << sizes(ArrayRef(output).drop_front()) << " by "
         << sizes(ArrayRef(frames.tapsOfPlane(weight.getShape())).drop_front(2));
  for (auto [what, values] :
       {std::pair("stride", frames.plane(op.getStride(), 1)), std::pair("dilation", frames.plane(op.getDilation(), 1))})
    if (values[0] != 1 || values[1] != 1)
      stream << " " << what << " " << sizes(values);
  if (op.getGroups() > 1)
    stream << " groups " << op.getGroups();
  return name;
}

std::string nacre::convolutionName(Operation *conv) {
  return llvm::TypeSwitch<Operation *, std::string>(conv)
      .Case([](graph::ConvOp op) {
        return nameOf("forward", op, op.getX().getType(), op.getType(), op.getW().getType(), op.getType());
      })
      .Case([](graph::ConvDxOp op) {
        return nameOf("input", op, op.getType(), op.getY().getType(), op.getW().getType(), op.getType());
      })
      .Case([](graph::ConvDwOp op) {
        return nameOf("weight", op, op.getX().getType(), op.getY().getType(), op.getType(), op.getY().getType());
      });
}
