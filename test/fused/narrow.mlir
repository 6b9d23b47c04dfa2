// What has pixels is stored as bf16, and read as f32; statistics and what leaves the function are not.
// RUN: nacre-opt %s --narrow-storage="policies=*=bf16" | FileCheck %s
// RUN: nacre-opt %s --narrow-storage="policies=*=f16" | FileCheck %s --check-prefix=F16
// RUN: nacre-opt %s --narrow-storage="policies=*=bf16 tensor-cores" | FileCheck %s --check-prefix=WEIGHTS

// CHECK-LABEL: func.func @f(
// CHECK-SAME: tensor<2x3x4x4xf32>) -> (tensor<2x3x4x4xf32>, tensor<2x3xf32>)
func.func @f(%x: tensor<2x3x4x4xf32>) -> (tensor<2x3x4x4xf32>, tensor<2x3xf32>) {
  // CHECK: %[[Y:.*]] = fused.map [2, 3, 4, 4]{{.*}} -> tensor<2x3x4x4xbf16>
  // CHECK: %[[E:.*]] = arith.addf {{.*}} : f32
  // CHECK: %[[T:.*]] = arith.truncf %[[E]] : f32 to bf16
  // CHECK: fused.yield %[[T]] : bf16
  // F16: fused.map {{.*}} -> tensor<2x3x4x4xf16>
  // F16: arith.truncf {{.*}} : f32 to f16
  // F16: arith.extf {{.*}} : f16 to f32
  %y = fused.map [2, 3, 4, 4] (%x) : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32> {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<2x3x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %w] : tensor<2x3x4x4xf32>
    %p = arith.addf %e, %e : f32
    fused.yield %p : f32
  }
  // CHECK: fused.reduce {{.*}}(%[[Y]]){{.*}} : (tensor<2x3x4x4xbf16>) -> tensor<2x3xf32>
  // CHECK: %[[R:.*]] = tensor.extract {{.*}} : tensor<2x3x4x4xbf16>
  // CHECK: %[[W:.*]] = arith.extf %[[R]] : bf16 to f32
  // CHECK: fused.yield %[[W]] : f32
  %s = fused.reduce [2, 3, 4, 4] over [2, 3] by [0] (%y) : (tensor<2x3x4x4xf32>) -> tensor<2x3xf32> {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<2x3x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %w] : tensor<2x3x4x4xf32>
    fused.yield %e : f32
  }
  // CHECK: %[[Z:.*]] = fused.map {{.*}}tensor<2x3xf32>) -> tensor<2x3xf32>
  %q = fused.map [2, 3] (%s) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%n: index, %c: index, %a: tensor<2x3xf32>):
    %e = tensor.extract %a[%n, %c] : tensor<2x3xf32>
    fused.yield %e : f32
  }
  // CHECK: fused.map {{.*}}(%[[Y]], %[[Z]]){{.*}} : (tensor<2x3x4x4xbf16>, tensor<2x3xf32>) -> tensor<2x3x4x4xf32>
  %z = fused.map [2, 3, 4, 4] (%y, %q) : (tensor<2x3x4x4xf32>, tensor<2x3xf32>) -> tensor<2x3x4x4xf32> {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<2x3x4x4xf32>, %b: tensor<2x3xf32>):
    %e = tensor.extract %a[%n, %c, %h, %w] : tensor<2x3x4x4xf32>
    %m = tensor.extract %b[%n, %c] : tensor<2x3xf32>
    %p = arith.subf %e, %m : f32
    fused.yield %p : f32
  }
  return %z, %q : tensor<2x3x4x4xf32>, tensor<2x3xf32>
}

// Packed weights are, if that is asked for.
// CHECK-LABEL: func.func @packed(
// CHECK: fused.map {{.*}} -> tensor<8x8x1x1xf32, #{{.*}}>
// WEIGHTS-LABEL: func.func @packed(
// WEIGHTS: %[[PACK:.*]] = fused.map {{.*}} -> tensor<8x8x1x1xbf16, #{{.*}}>
// WEIGHTS: arith.truncf {{.*}} : f32 to bf16
// WEIGHTS: fused.conv {{.*}} weight(%[[PACK]]) {{.*}} : tensor<8x8x1x1xbf16, #{{.*}}>, (tensor<2x8x4x4xf32>)
#taps = #fused.layout<[2, 3, 1, 0]>
func.func @packed(%v: tensor<8x8x1x1xf32>, %x: tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32> {
  %w = fused.map [8, 8, 1, 1] (%v) : (tensor<8x8x1x1xf32>) -> tensor<8x8x1x1xf32, #taps> {
  ^bb0(%k: index, %c: index, %r: index, %s: index, %a: tensor<8x8x1x1xf32>):
    %e = tensor.extract %a[%k, %c, %r, %s] : tensor<8x8x1x1xf32>
    fused.yield %e : f32
  }
  %y = fused.conv [2, 8, 4, 4] stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] weight (%w) (%x)
      : tensor<8x8x1x1xf32, #taps>, (tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32>
  load {
  ^bb0(%n: index, %c: index, %h: index, %q: index, %a: tensor<2x8x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %q] : tensor<2x8x4x4xf32>
    fused.yield %e : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: tensor<2x8x4x4xf32>):
    fused.yield %sum : f32
  }
  return %y : tensor<2x8x4x4xf32>
}
