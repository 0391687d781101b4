;; CRC32C of bytes in memory, sixteen a step ("slicing by 16"). `crc32c-wasm.ts` is this file assembled; a test keeps them alike.
;;
;; Memory: 16 tables of 256 int32 from 0 on, then the bytes. Table k, at k * 1024, is the checksum of a byte followed by k zero bytes.
(module
  (memory (export "memory") 1)

  ;; The checksum of bytes [at, end) behind others whose checksum is crc, all without the final inversion.
  (func (export "update") (param $crc i32) (param $at i32) (param $end i32) (result i32)
    (local $first i64) (local $second i64)
    (block $rest
      (loop $step
        (br_if $rest (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
        (local.set $first (i64.xor (i64.load (local.get $at)) (i64.extend_i32_u (local.get $crc))))
        (local.set $second (i64.load offset=8 (local.get $at)))
        (local.set $crc
          (i32.xor
            (i32.xor
              (i32.xor
                (i32.xor
                  (i32.load offset=15360 (i32.shl (i32.and (i32.wrap_i64 (local.get $first)) (i32.const 0xff)) (i32.const 2)))
                  (i32.load offset=14336 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 6))) (i32.const 0x3fc))))
                (i32.xor
                  (i32.load offset=13312 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 14))) (i32.const 0x3fc)))
                  (i32.load offset=12288 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 22))) (i32.const 0x3fc)))))
              (i32.xor
                (i32.xor
                  (i32.load offset=11264 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 30))) (i32.const 0x3fc)))
                  (i32.load offset=10240 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 38))) (i32.const 0x3fc))))
                (i32.xor
                  (i32.load offset=9216 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 46))) (i32.const 0x3fc)))
                  (i32.load offset=8192 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 54))) (i32.const 0x3fc))))))
            (i32.xor
              (i32.xor
                (i32.xor
                  (i32.load offset=7168 (i32.shl (i32.and (i32.wrap_i64 (local.get $second)) (i32.const 0xff)) (i32.const 2)))
                  (i32.load offset=6144 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 6))) (i32.const 0x3fc))))
                (i32.xor
                  (i32.load offset=5120 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 14))) (i32.const 0x3fc)))
                  (i32.load offset=4096 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 22))) (i32.const 0x3fc)))))
              (i32.xor
                (i32.xor
                  (i32.load offset=3072 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 30))) (i32.const 0x3fc)))
                  (i32.load offset=2048 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 38))) (i32.const 0x3fc))))
                (i32.xor
                  (i32.load offset=1024 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 46))) (i32.const 0x3fc)))
                  (i32.load offset=0 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 54))) (i32.const 0x3fc))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $step)))
    (block $done
      (loop $byte
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $crc
          (i32.xor
            (i32.shr_u (local.get $crc) (i32.const 8))
            (i32.load
              (i32.shl
                (i32.and (i32.xor (local.get $crc) (i32.load8_u (local.get $at))) (i32.const 0xff))
                (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $byte)))
    (local.get $crc)))
