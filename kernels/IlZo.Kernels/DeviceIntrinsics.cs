using ILGPU;
using ILGPU.Algorithms;
using System.Globalization;
using System.Reflection;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Types;
using ILGPU.IR.Values;

namespace IlZo.Kernels;

/// <summary>
/// Teaches ILGPU's compiler the instructions that functions with an <see cref="InstructionAttribute"/> stand for on NVIDIA GPUs.
/// </summary>
public static class DeviceIntrinsics
{
    /// <summary>Makes a context that kernels can be compiled in.</summary>
    public static Context.Builder EnableKernels(this Context.Builder builder)
    {
        builder.EnableAlgorithms();
        var generator = typeof(DeviceIntrinsics).GetMethod(nameof(Emit), BindingFlags.NonPublic | BindingFlags.Static)!;
        MethodInfo[] methods =
        [
            .. typeof(DeviceMath).GetMethods(), .. typeof(Pairs).GetMethods(), .. typeof(TensorCores.Instructions).GetMethods(),
            .. typeof(TensorCores.WarpgroupInstructions).GetMethods(),
        ];
        foreach (var method in methods.Where(IsInstruction))
        {
            builder.GetIntrinsicManager().RegisterMethod(method, new PTXIntrinsic(generator, IntrinsicImplementationMode.GenerateCode));
        }
        return builder;
    }

    private static bool IsInstruction(MethodInfo method) => method.GetCustomAttribute<InstructionAttribute>() is not null;

    // The text with registers in the place of operands: what ILGPU itself offers for text needs results to go through memory. ILGPU takes
    // results of calls to be the same in all threads and marks branches on them as uniform, so that no branch may depend on one that is
    // not.
    private static void Emit(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var instruction = call.Target.Source.GetCustomAttribute<InstructionAttribute>()!;
        var operands = new List<string>();
        if (!call.Type.IsVoidType)
        {
            Add(operands, generator, generator.Allocate(call));
        }

        if (instruction.Accumulates)
        {
            var from = new List<string>();
            Add(from, generator, generator.Load(call[0]));
            foreach (var (to, source) in operands.Zip(from))
            {
                generator.Builder.AppendLine(CultureInfo.InvariantCulture, $"\tmov.b32 {to}, {source};");
            }
        }

        for (int i = instruction.Accumulates ? 1 : 0; i < call.Count; i++)
        {
            Add(operands, generator, generator.Load(call[i]));
        }

        string text = instruction.Text;
        for (int i = operands.Count - 1; i >= 0; i--)
        {
            text = text.Replace(string.Create(CultureInfo.InvariantCulture, $"%{i}"), operands[i], StringComparison.Ordinal);
        }

        generator.Builder.Append('\t').AppendLine(text);
    }

    private static void Add(List<string> operands, PTXCodeGenerator generator, PTXRegisterAllocator.Register register)
    {
        if (register is PTXRegisterAllocator.CompoundRegister compound)
        {
            foreach (var child in compound.Children)
            {
                Add(operands, generator, child);
            }

            return;
        }

        var hardware = generator.EnsureHardwareRegister((PTXRegisterAllocator.PrimitiveRegister)register);
        operands.Add("%" + PTXRegisterAllocator.GetStringRepresentation(IsSpecific(hardware) ? Generic(generator, hardware) : hardware));
    }

    private static bool IsSpecific(PTXRegisterAllocator.Register register) =>
        register.Type is AddressSpaceType { AddressSpace: not MemoryAddressSpace.Generic };

    // Pointers reach instructions as generic addresses, whatever the compiler knows about them.
    private static PTXRegisterAllocator.HardwareRegister Generic(PTXCodeGenerator generator, PTXRegisterAllocator.HardwareRegister pointer)
    {
        var result = generator.AllocatePlatformRegister(out _);
        var space = ((AddressSpaceType)pointer.Type).AddressSpace;
        using var command = generator.BeginCommand("cvta");
        command.AppendAddressSpace(space);
        command.AppendSuffix("u64");
        command.AppendArgument(result);
        command.AppendArgument(pointer);
        return result;
    }
}
