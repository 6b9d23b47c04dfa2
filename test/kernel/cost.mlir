// Of each run: what it will execute, and miss in the cache that schedules assume.
// RUN: nacre-opt %s --fused-to-kernel=vector-bits=256 --plan-memory --predict-costs | FileCheck %s
// RUN: nacre emit %S/../perf/block.nacre --batch 4 --target cpu:x86-64-v3 --stage host | FileCheck %s --check-prefix=BLOCK

// A multiplication and an addition for each of 262,144 elements; 1 MB read, and written at the same place.
// CHECK: host.run {{.*}} at [[[PLACE:[0-9]+]], [[PLACE]]] {{.*}}predicted_bytes = 1048576 : i64, predicted_flops = 524288 : i64
func.func @train(%x: tensor<512x512xf32> {nacre.role = "param", nacre.name = "x"})
    -> (tensor<512x512xf32> {nacre.role = "param", nacre.name = "x"}) {
  %r = fused.map [512, 512] (%x) : (tensor<512x512xf32>) -> tensor<512x512xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<512x512xf32>):
    %p = tensor.extract %a[%i, %j] : tensor<512x512xf32>
    %k = arith.constant 0.5 : f32
    %m = arith.mulf %p, %k : f32
    %s = arith.addf %m, %k : f32
    fused.yield %s : f32
  }
  return %r : tensor<512x512xf32>
}

// By Winograd's method a convolution executes less than it is counted with, and misses more.
// BLOCK: host.entry @train
// BLOCK: label "1.conv1 conv" {{.*}}predicted_bytes = 17{{[0-9]+}} : i64, predicted_flops = 86{{[0-9]+}} : i64
