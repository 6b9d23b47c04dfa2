//===- nacre-opt.cpp - Every pass, on .mlir files -------------------------===//

#include "Pipeline/Register.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  nacre::registerAll(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "nacre's passes\n", registry));
}
