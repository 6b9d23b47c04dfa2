//===- MapTest.cpp - Kernels of maps against plain loops ------------------===//

#include "KernelRunner.h"

#include <gtest/gtest.h>

using namespace nacre::test;

/// Holds at every width: odd extents leave rests of all lengths.
static void expectAgreement(const std::string &text, double tolerance = 1e-6) {
  EXPECT_EQ(compareWithOracle(text, tolerance), "");
  EXPECT_EQ(compareWithOracle(text, tolerance, {256, ""}), "");
  EXPECT_EQ(compareWithOracle(text, tolerance, onGpu), "");
}

TEST(Map, RunsOverOneAxisInChunks) {
  expectAgreement(R"(
    func.func @f(%x: tensor<40007xf32>, %y: tensor<40007xf32>) -> tensor<40007xf32> {
      %r = fused.map [40007] (%x, %y) : (tensor<40007xf32>, tensor<40007xf32>) -> tensor<40007xf32> {
      ^bb0(%i: index, %a: tensor<40007xf32>, %b: tensor<40007xf32>):
        %p = tensor.extract %a[%i] : tensor<40007xf32>
        %q = tensor.extract %b[%i] : tensor<40007xf32>
        %s = arith.mulf %p, %q : f32
        %e = math.exp %s : f32
        fused.yield %e : f32
      }
      return %r : tensor<40007xf32>
    })");
}

TEST(Map, ReadsAScalarAndAPerChannelValue) {
  expectAgreement(R"(
    #nhwc = #fused.layout<[0, 2, 3, 1]>
    func.func @f(%x: tensor<3x35x5x7xf32, #nhwc>, %s: tensor<35xf32>, %t: tensor<f64>) -> tensor<3x35x5x7xf32, #nhwc> {
      %r = fused.map [3, 35, 5, 7] (%x, %s, %t)
          : (tensor<3x35x5x7xf32, #nhwc>, tensor<35xf32>, tensor<f64>) -> tensor<3x35x5x7xf32, #nhwc> {
      ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<3x35x5x7xf32, #nhwc>, %b: tensor<35xf32>, %d: tensor<f64>):
        %p = tensor.extract %a[%n, %c, %h, %w] : tensor<3x35x5x7xf32, #nhwc>
        %q = tensor.extract %b[%c] : tensor<35xf32>
        %z = tensor.extract %d[] : tensor<f64>
        %k = arith.truncf %z : f64 to f32
        %m = math.absf %q : f32
        %l = math.rsqrt %m : f32
        %u = arith.mulf %p, %l : f32
        %v = arith.addf %u, %k : f32
        fused.yield %v : f32
      }
      return %r : tensor<3x35x5x7xf32, #nhwc>
    })");
}

TEST(Map, ChangesTheLayout) {
  expectAgreement(R"(
    #nhwc = #fused.layout<[0, 2, 3, 1]>
    #taps = #fused.layout<[2, 3, 1, 0]>
    func.func @f(%x: tensor<2x19x5x18xf32>, %w: tensor<33x17x3x3xf32>)
        -> (tensor<2x19x5x18xf32, #nhwc>, tensor<33x17x3x3xf32, #taps>) {
      %r = fused.map [2, 19, 5, 18] (%x) : (tensor<2x19x5x18xf32>) -> tensor<2x19x5x18xf32, #nhwc> {
      ^bb0(%n: index, %c: index, %h: index, %w1: index, %a: tensor<2x19x5x18xf32>):
        %p = tensor.extract %a[%n, %c, %h, %w1] : tensor<2x19x5x18xf32>
        fused.yield %p : f32
      }
      %s = fused.map [33, 17, 3, 3] (%w) : (tensor<33x17x3x3xf32>) -> tensor<33x17x3x3xf32, #taps> {
      ^bb0(%k: index, %c: index, %h: index, %v: index, %a: tensor<33x17x3x3xf32>):
        %p = tensor.extract %a[%k, %c, %h, %v] : tensor<33x17x3x3xf32>
        fused.yield %p : f32
      }
      return %r, %s : tensor<2x19x5x18xf32, #nhwc>, tensor<33x17x3x3xf32, #taps>
    })");
}

TEST(Map, ReadsClampedAndDividedIndices) {
  expectAgreement(R"(
    func.func @f(%x: tensor<4x21xf32>) -> (tensor<4x40xf32>, tensor<2x42xf32>) {
      %r = fused.map [4, 40] (%x) : (tensor<4x21xf32>) -> tensor<4x40xf32> {
      ^bb0(%n: index, %i: index, %a: tensor<4x21xf32>):
        %c3 = arith.constant 3 : index
        %c0 = arith.constant 0 : index
        %c20 = arith.constant 20 : index
        %j = arith.subi %i, %c3 : index
        %low = arith.cmpi sge, %j, %c0 : index
        %high = arith.cmpi sle, %j, %c20 : index
        %in = arith.andi %low, %high : i1
        %k = arith.maxsi %j, %c0 : index
        %l = arith.minsi %k, %c20 : index
        %p = tensor.extract %a[%n, %l] : tensor<4x21xf32>
        %z = arith.constant 0.0 : f32
        %s = arith.select %in, %p, %z : f32
        fused.yield %s : f32
      }
      %q = fused.map [2, 42] (%x) : (tensor<4x21xf32>) -> tensor<2x42xf32> {
      ^bb0(%n: index, %i: index, %a: tensor<4x21xf32>):
        %c2 = arith.constant 2 : index
        %c21 = arith.constant 21 : index
        %m = arith.muli %n, %c2 : index
        %d = arith.divui %i, %c21 : index
        %e = arith.remui %i, %c21 : index
        %s = arith.addi %m, %d : index
        %p = tensor.extract %a[%s, %e] : tensor<4x21xf32>
        fused.yield %p : f32
      }
      return %r, %q : tensor<4x40xf32>, tensor<2x42xf32>
    })");
}

TEST(Map, TakesByIndexAndMixesTypes) {
  expectAgreement(R"(
    func.func @f(%x: tensor<50x9xf32>, %i: tensor<9x33xi32>, %m: tensor<9x33xi1>) -> (tensor<9x33xf32>, tensor<9x33xi1>, tensor<9x33xi32>) {
      %r:3 = fused.map [9, 33] (%x, %i, %m)
          : (tensor<50x9xf32>, tensor<9x33xi32>, tensor<9x33xi1>) -> (tensor<9x33xf32>, tensor<9x33xi1>, tensor<9x33xi32>) {
      ^bb0(%p: index, %q: index, %a: tensor<50x9xf32>, %b: tensor<9x33xi32>, %c: tensor<9x33xi1>):
        %k = tensor.extract %b[%p, %q] : tensor<9x33xi32>
        %j = arith.index_cast %k : i32 to index
        %v = tensor.extract %a[%j, %p] : tensor<50x9xf32>
        %t = tensor.extract %c[%p, %q] : tensor<9x33xi1>
        %iq = arith.index_cast %q : index to i32
        %sum = arith.addi %iq, %k : i32
        %z = arith.constant 0.25 : f32
        %big = arith.cmpf ogt, %v, %z : f32
        %w = arith.select %t, %v, %z : f32
        %both = arith.andi %big, %t : i1
        fused.yield %w, %both, %sum : f32, i1, i32
      }
      return %r#0, %r#1, %r#2 : tensor<9x33xf32>, tensor<9x33xi1>, tensor<9x33xi32>
    })");
}

TEST(Map, ReadsAndWritesBytesWhereVectorsLeaveARest) {
  expectAgreement(R"(
    func.func @f(%x: tensor<6x21xui8>, %m: tensor<6x21xi1>) -> (tensor<6x21xf32>, tensor<6x21xi1>) {
      %r:2 = fused.map [6, 21] (%x, %m) : (tensor<6x21xui8>, tensor<6x21xi1>) -> (tensor<6x21xf32>, tensor<6x21xi1>) {
      ^bb0(%p: index, %q: index, %a: tensor<6x21xui8>, %b: tensor<6x21xi1>):
        %u = tensor.extract %a[%p, %q] : tensor<6x21xui8>
        %i = builtin.unrealized_conversion_cast %u : ui8 to i8
        %v = arith.uitofp %i : i8 to f32
        %t = tensor.extract %b[%p, %q] : tensor<6x21xi1>
        %z = arith.constant 9.5 : f32
        %big = arith.cmpf ogt, %v, %z : f32
        %both = arith.andi %big, %t : i1
        %w = arith.select %t, %v, %z : f32
        fused.yield %w, %both : f32, i1
      }
      return %r#0, %r#1 : tensor<6x21xf32>, tensor<6x21xi1>
    })");
}

TEST(Map, DrawsRandomNumbers) {
  expectAgreement(R"(
    func.func @f() -> (tensor<5x37xf32>, tensor<f64>) {
      %r = fused.map [5, 37] () : () -> tensor<5x37xf32> {
      ^bb0(%p: index, %q: index):
        %c = arith.constant 37 : index
        %m = arith.muli %p, %c : index
        %i = arith.addi %m, %q : index
        %u = graph.point_random %i stream 1234567890123 : f32
        %five = arith.constant 5 : i32
        %v = graph.point_random %i stream -77 at %five : f32
        %s = arith.addf %u, %v : f32
        fused.yield %s : f32
      }
      %t = fused.map [] () : () -> tensor<f64> {
        %a = graph.point_control "step" : f64
        %b = graph.point_control "steps" : f64
        %d = arith.divf %a, %b : f64
        %x = math.cos %d : f64
        fused.yield %x : f64
      }
      return %r, %t : tensor<5x37xf32>, tensor<f64>
    })");
}

TEST(Map, ComputesInDouble) {
  expectAgreement(R"(
    func.func @f(%x: tensor<7x13x1x9xf64>) -> tensor<7x13x1x9xf64> {
      %r = fused.map [7, 13, 1, 9] (%x) : (tensor<7x13x1x9xf64>) -> tensor<7x13x1x9xf64> {
      ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<7x13x1x9xf64>):
        %p = tensor.extract %a[%n, %c, %h, %w] : tensor<7x13x1x9xf64>
        %e = math.erf %p : f64
        %t = math.tanh %e : f64
        fused.yield %t : f64
      }
      return %r : tensor<7x13x1x9xf64>
    })",
                  1e-13);
}
