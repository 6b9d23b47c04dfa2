// RUN: nacre-opt %s --recompute-cheap | FileCheck %s

// %a is read early and late, and costs little: it is made again, and not kept where most memory is in use.
// CHECK-LABEL: func.func @step
// CHECK-SAME: (%[[X:.*]]: tensor<64xf32>)
// CHECK: %[[A:.*]] = fused.map [64](%[[X]])
// CHECK: %[[B:.*]] = fused.map [64](%[[A]])
// CHECK: fused.map [128](%[[B]])
// CHECK: %[[AGAIN:.*]] = fused.map [64](%[[X]]) {{.*}}why = "computed again
// CHECK: fused.map [64](%{{.*}}, %[[AGAIN]])
func.func @step(%x: tensor<64xf32>) -> tensor<64xf32> {
  %a = fused.map [64](%x) {bytes = 4 : i64, flops = 1 : i64} : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>):
    %e = tensor.extract %p[%i] : tensor<64xf32>
    %f = arith.addf %e, %e : f32
    fused.yield %f : f32
  }
  %b = fused.map [64](%a) {bytes = 900 : i64, flops = 900 : i64} : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>):
    %e = tensor.extract %p[%i] : tensor<64xf32>
    %f = arith.mulf %e, %e : f32
    fused.yield %f : f32
  }
  %c = fused.map [128](%b) {bytes = 900 : i64, flops = 900 : i64} : (tensor<64xf32>) -> tensor<128xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>):
    %k = arith.constant 2 : index
    %j = arith.divui %i, %k : index
    %e = tensor.extract %p[%j] : tensor<64xf32>
    fused.yield %e : f32
  }
  %d = fused.map [64](%c) {bytes = 900 : i64, flops = 900 : i64} : (tensor<128xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<128xf32>):
    %e = tensor.extract %p[%i] : tensor<128xf32>
    fused.yield %e : f32
  }
  %y = fused.map [64](%d, %a) {bytes = 900 : i64, flops = 900 : i64} : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>, %q: tensor<64xf32>):
    %e = tensor.extract %p[%i] : tensor<64xf32>
    %f = tensor.extract %q[%i] : tensor<64xf32>
    %g = arith.addf %e, %f : f32
    fused.yield %g : f32
  }
  return %y : tensor<64xf32>
}

// What costs more than half a percent is kept, and so is what would need more memory to be made again.
// CHECK-LABEL: func.func @kept
// CHECK-NOT: computed again
func.func @kept(%x: tensor<64xf32>) -> tensor<64xf32> {
  %w = fused.map [64](%x) {bytes = 4 : i64, flops = 1 : i64} : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>):
    %e = tensor.extract %p[%i] : tensor<64xf32>
    fused.yield %e : f32
  }
  %a = fused.map [64](%w) {bytes = 4 : i64, flops = 1 : i64} : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>):
    %e = tensor.extract %p[%i] : tensor<64xf32>
    fused.yield %e : f32
  }
  %b = fused.map [64](%a) {bytes = 900 : i64, flops = 900 : i64} : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>):
    %e = tensor.extract %p[%i] : tensor<64xf32>
    fused.yield %e : f32
  }
  %c = fused.map [128](%b) {bytes = 900 : i64, flops = 900 : i64} : (tensor<64xf32>) -> tensor<128xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>):
    %k = arith.constant 2 : index
    %j = arith.divui %i, %k : index
    %e = tensor.extract %p[%j] : tensor<64xf32>
    fused.yield %e : f32
  }
  %d = fused.map [64](%c) {bytes = 900 : i64, flops = 900 : i64} : (tensor<128xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<128xf32>):
    %e = tensor.extract %p[%i] : tensor<128xf32>
    fused.yield %e : f32
  }
  %y = fused.map [64](%d, %a, %b) {bytes = 900 : i64, flops = 900 : i64} : (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%i: index, %p: tensor<64xf32>, %q: tensor<64xf32>, %r: tensor<64xf32>):
    %e = tensor.extract %p[%i] : tensor<64xf32>
    %f = tensor.extract %q[%i] : tensor<64xf32>
    %h = tensor.extract %r[%i] : tensor<64xf32>
    %g = arith.addf %e, %f : f32
    %l = arith.addf %g, %h : f32
    fused.yield %l : f32
  }
  return %y : tensor<64xf32>
}
