using IlZo.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests;

/// <summary>A driver keeps what it has assembled by the text.</summary>
public class StableTextTests
{
    [Fact]
    public void A_kernel_has_the_same_text_whatever_was_compiled_before()
    {
        Delegate kernel = Attention.Run;
        using var context = Context.Create(b => b.EnableKernels());
        using var backend = new PTXBackend(
            context, new CudaCapabilityContext(CudaArchitecture.SM_80), CudaArchitecture.SM_80, CudaInstructionSet.ISA_75, null);
        string alone = Compile(kernel);
        Compile(Normalize.Run);
        string after = Compile(kernel);
        Assert.NotEqual(alone, after);
        Assert.Equal(StableText.Of(alone), StableText.Of(after));
        Assert.All(
            [".entry Kernel_Attention(", ".version 7.5\n", ".target sm_80\n"],
            part => Assert.Contains(part, StableText.Of(alone), StringComparison.Ordinal));

        string Compile(Delegate compiled) =>
            ((PTXCompiledKernel)backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(compiled.Method), default)).PTXAssembly;
    }

    [Fact]
    public void Names_stay_apart_and_registers_stay_as_they_are()
    {
        Assert.Equal("L_0: bra L_1; add.f32 %f_3, %f_3, x.y_4; L_1: shared_2[L_0]", StableText.Of(
            "L_17: bra L_9; add.f32 %f_3, %f_3, x.y_4; L_9: shared_17[L_17]"));
        Assert.Equal("fma.rn.f32 %f1, %f2; .param .b8 _a_0[224]; .target sm_90", StableText.Of(
            "fma.rn.f32 %f1, %f2; .param .b8 _a_8088[224]; .target sm_90"));
    }
}
