// Elementary functions become arithmetic; what is exact in hardware stays.
// RUN: nacre-opt %s --expand-math | FileCheck %s

// CHECK-LABEL: @all
// CHECK-NOT: math.{{exp|log|tanh|erf|sin|cos|powf|rsqrt}}
// CHECK: math.sqrt
// CHECK: math.floor
// CHECK: return
func.func @all(%x: vector<8xf32>, %y: f64) -> (vector<8xf32>, f64) {
  %a = math.exp %x : vector<8xf32>
  %b = math.log %a : vector<8xf32>
  %c = math.tanh %b : vector<8xf32>
  %d = math.erf %c : vector<8xf32>
  %e = math.sin %d : vector<8xf32>
  %f = math.rsqrt %e : vector<8xf32>
  %g = math.cos %y : f64
  %h = math.floor %g : f64
  %i = math.powf %h, %y : f64
  return %f, %i : vector<8xf32>, f64
}

// A shift makes an f32 of a bf16.
// CHECK-LABEL: @widen
// CHECK: arith.bitcast %{{.*}} : vector<4xbf16> to vector<4xi16>
// CHECK: arith.shli
// CHECK: arith.bitcast %{{.*}} : vector<4xi32> to vector<4xf32>
// CHECK-NOT: arith.extf
func.func @widen(%x: vector<4xbf16>, %y: bf16) -> (vector<4xf32>, f32) {
  %a = arith.extf %x : vector<4xbf16> to vector<4xf32>
  %b = arith.extf %y : bf16 to f32
  return %a, %b : vector<4xf32>, f32
}
