using ILGPU;
using ILGPU.Algorithms;
#if ILGPU
using System.Reflection;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;
#endif

namespace IlZo.Kernels;

/// <summary>Teaches ILGPU's compiler the instructions that <see cref="DeviceMath"/> stands for on NVIDIA GPUs.</summary>
public static class DeviceIntrinsics
{
    /// <summary>Makes a context that kernels can be compiled in.</summary>
    public static Context.Builder EnableKernels(this Context.Builder builder)
    {
        builder.EnableAlgorithms();
#if ILGPU
        Register(builder, nameof(DeviceMath.FusedMultiplyAdd), nameof(EmitFusedMultiplyAdd));
#endif
        return builder;
    }

#if ILGPU
    private static void Register(Context.Builder builder, string name, string generator) => builder.GetIntrinsicManager().RegisterMethod(
        typeof(DeviceMath).GetMethod(name, BindingFlags.Public | BindingFlags.Static)!,
        new PTXIntrinsic(
            typeof(DeviceIntrinsics).GetMethod(generator, BindingFlags.NonPublic | BindingFlags.Static)!, IntrinsicImplementationMode.GenerateCode));

    // An instruction of its own: what ILGPU offers for text needs its result to go through memory.
    private static void EmitFusedMultiplyAdd(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var a = generator.LoadPrimitive(call[0]);
        var b = generator.LoadPrimitive(call[1]);
        var c = generator.LoadPrimitive(call[2]);
        var result = generator.AllocateHardware(value);
        using var command = generator.BeginCommand("fma.rn.f32");
        command.AppendArgument(result);
        command.AppendArgument(a);
        command.AppendArgument(b);
        command.AppendArgument(c);
    }
#endif
}
