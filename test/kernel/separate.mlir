// Each kernel goes into a module of its own, with the tables it reads.
// RUN: nacre-opt %s --separate-kernels | FileCheck %s

// CHECK: module {
// CHECK-NEXT: module {
// CHECK-NEXT: func.func @first
// CHECK: memref.get_global @shared
// CHECK: memref.global "private" constant @shared
// CHECK-NOT: @own
// CHECK: module {
// CHECK-NEXT: func.func @second
// CHECK-DAG: memref.global "private" constant @own
// CHECK-DAG: memref.global "private" constant @shared
// CHECK: module {
// CHECK-NEXT: llvm.func @third
memref.global "private" constant @own : memref<2xf32> = dense<[1.0, 2.0]>
memref.global "private" constant @shared : memref<2xf32> = dense<[3.0, 4.0]>
func.func @first() {
  %t = memref.get_global @shared : memref<2xf32>
  return
}
func.func @second() {
  %s = memref.get_global @own : memref<2xf32>
  %t = memref.get_global @shared : memref<2xf32>
  return
}
llvm.func @third() {
  llvm.return
}
