// ILGPU 1.5.3: at OptimizationLevel.O2 a load from shared memory moves behind the barrier that follows it. No GPU is needed: the
// program counts the loads between two barriers in the text that it compiles at each level, and ends with 1 where some are gone.
using System;
using System.Collections.Generic;
using System.Linq;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

string[] expected = Accesses(OptimizationLevel.O1);
string[] found = Accesses(OptimizationLevel.O2);
Console.WriteLine($"O1, {Guarded(expected)} loads between two barriers: {string.Join("; ", expected)}");
Console.WriteLine($"O2, {Guarded(found)} loads between two barriers: {string.Join("; ", found)}");
return Guarded(expected) == Guarded(found) ? 0 : 1;

static string[] Accesses(OptimizationLevel level)
{
    using var context = Context.Create(b => b.Optimize(level));
    var architecture = CudaArchitecture.SM_80;
    using var backend = new PTXBackend(
        context, new CudaCapabilityContext(architecture), architecture, CudaInstructionSet.ISA_75, null);
    var entry = EntryPointDescription.FromExplicitlyGroupedKernel(((Action<ArrayView<float>, int>)Kernels.Deviation).Method);
    string text = ((PTXCompiledKernel)backend.Compile(entry, KernelSpecialization.Empty)).PTXAssembly;
    var instructions = text.Split('\n').Select(l => l.Trim().Split(' ', '\t')[0]);
    return [.. instructions.Where(i => i is "bar.sync" or "ld.shared.f32" or "st.shared.f32")];
}

static int Guarded(IReadOnlyList<string> accesses) => Enumerable.Range(1, accesses.Count - 2)
    .Count(i => accesses[i] == "ld.shared.f32" && accesses[i - 1] == "bar.sync" && accesses[i + 1] == "bar.sync");

internal static class Kernels
{
    // Both sums go through the same shared memory: all threads must have read the first one before the second one is begun.
    public static void Deviation(ArrayView<float> values, int center)
    {
        var shared = SharedMemory.GetDynamic<float>();
        float mean = 0;
        if (center != 0)
        {
            mean = Sum(values[Group.IdxX], shared) / Group.DimX;
        }

        float square = 0;
        for (int i = Group.IdxX; i < values.IntLength; i += Group.DimX)
        {
            square += (values[i] - mean) * (values[i] - mean);
        }

        values[Group.IdxX] = Sum(square, shared);
    }

    private static float Sum(float value, ArrayView<float> shared)
    {
        shared[Group.IdxX] = value;
        for (int count = Group.DimX / 2; count > 0; count /= 2)
        {
            Group.Barrier();
            if (Group.IdxX < count)
            {
                shared[Group.IdxX] += shared[Group.IdxX + count];
            }
        }

        Group.Barrier();
        float sum = shared[0];
        Group.Barrier();
        return sum;
    }
}
