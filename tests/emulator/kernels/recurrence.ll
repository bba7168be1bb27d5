; h[t] = a[t] h[t-1] + b[t] for 4 channels a thread, with the next thread's last
; value exchanged by a shuffle and block-wide through shared memory.
; llc -march=nvptx64 -mcpu=sm_75 -mattr=+ptx63 recurrence.ll -o recurrence.ptx
target triple = "nvptx64-nvidia-cuda"

@tile = internal addrspace(3) global [64 x float] undef, align 16

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare float @llvm.nvvm.shfl.sync.up.f32(i32, float, i32, i32)
declare float @llvm.nvvm.ex2.approx.ftz.f32(float)

define ptx_kernel void @recurrence(ptr addrspace(1) %a, ptr addrspace(1) %b, ptr addrspace(1) %h, i64 %time) {
entry:
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %tid64 = zext i32 %tid to i64
  %channel = mul i64 %tid64, 4
  br label %loop
loop:
  %t = phi i64 [ 0, %entry ], [ %next, %body ]
  %state = phi <4 x float> [ zeroinitializer, %entry ], [ %new, %body ]
  %more = icmp slt i64 %t, %time
  br i1 %more, label %body, label %done
body:
  %row = mul i64 %t, 256
  %at = add i64 %row, %channel
  %pa = getelementptr float, ptr addrspace(1) %a, i64 %at
  %pb = getelementptr float, ptr addrspace(1) %b, i64 %at
  %ph = getelementptr float, ptr addrspace(1) %h, i64 %at
  %va = load <4 x float>, ptr addrspace(1) %pa, align 16, !invariant.load !0
  %vb = load <4 x float>, ptr addrspace(1) %pb, align 16
  %prod = fmul contract <4 x float> %va, %state
  %new = fadd contract <4 x float> %prod, %vb
  store <4 x float> %new, ptr addrspace(1) %ph, align 16
  %next = add i64 %t, 1
  br label %loop
done:
  ret void
}

define ptx_kernel void @neighbours(ptr addrspace(1) %in, ptr addrspace(1) %out) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %tid64 = zext i32 %tid to i64
  %p = getelementptr float, ptr addrspace(1) %in, i64 %tid64
  %v = load float, ptr addrspace(1) %p
  %up = call float @llvm.nvvm.shfl.sync.up.f32(i32 -1, float %v, i32 1, i32 0)
  %e = call float @llvm.nvvm.ex2.approx.ftz.f32(float %up)
  %s = getelementptr [64 x float], ptr addrspace(3) @tile, i64 0, i64 %tid64
  store float %e, ptr addrspace(3) %s
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %flip = sub i64 63, %tid64
  %sf = getelementptr [64 x float], ptr addrspace(3) @tile, i64 0, i64 %flip
  %r = load float, ptr addrspace(3) %sf
  %po = getelementptr float, ptr addrspace(1) %out, i64 %tid64
  store float %r, ptr addrspace(1) %po
  ret void
}

!0 = !{}
