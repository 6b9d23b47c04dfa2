// A map writes over what it reads. Where nothing is summed over, threads beyond the last element of a reduction read
// that one: it is another's to write.
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s
// RUN: nacre-opt %s --fused-to-kernel | FileCheck %s --check-prefix=CPU

// CHECK-LABEL: func.func @map
// CHECK: host.launch @kernels::@map_0{{.*}}inPlace = array<i64: 0, 0>
func.func @map(%x: tensor<6x1xf32>) -> tensor<6x1xf32> {
  %y = fused.map [6, 1] (%x) : (tensor<6x1xf32>) -> tensor<6x1xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<6x1xf32>):
    %e = tensor.extract %a[%i, %j] : tensor<6x1xf32>
    %p = arith.addf %e, %e : f32
    fused.yield %p : f32
  }
  return %y : tensor<6x1xf32>
}

// CHECK-LABEL: func.func @reduce
// CHECK: host.launch @kernels::@reduce_0
// CHECK-NOT: inPlace = array<i64: 0, 0>
// CPU: host.launch @kernels::@reduce_0{{.*}}inPlace = array<i64: 0, 0>
func.func @reduce(%x: tensor<6x1xf32>) -> tensor<6xf32> {
  %y = fused.reduce [6, 1] over [1] by [0] (%x) : (tensor<6x1xf32>) -> tensor<6xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<6x1xf32>):
    %e = tensor.extract %a[%i, %j] : tensor<6x1xf32>
    fused.yield %e : f32
  }
  return %y : tensor<6xf32>
}
