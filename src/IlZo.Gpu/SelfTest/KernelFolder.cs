using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.SelfTest;

/// <summary>Writes the text of kernels to files, for an assembler to look at, instead of loading them.</summary>
internal sealed class KernelFolder : IKernelLoader
{
    private const string Index = "index.tsv";

    private readonly ConcurrentDictionary<MethodInfo, KernelSpecialization> _kernels = [];

    /// <summary>Writes kernels as <c>0.ptx</c> and so on, and a line with number and name of each to <c>index.tsv</c>.</summary>
    /// <param name="kernels">Loads the kernels.</param>
    /// <param name="folder">The folder, which is made if it is not there.</param>
    /// <returns>How many there are.</returns>
    /// <exception cref="InvalidInputException">The folder has such files already.</exception>
    public static int Write(IEnumerable<Action<IKernelLoader>> kernels, string folder)
    {
        Directory.CreateDirectory(folder);
        if (File.Exists(Path.Combine(folder, Index)))
        {
            throw new InvalidInputException($"'{folder}' has a file {Index}; a folder without one was expected.");
        }

        var found = new KernelFolder();
        foreach (var load in kernels)
        {
            load(found);
        }

        var named = found._kernels.OrderBy(k => KernelName.Of(k.Key), StringComparer.Ordinal).ToList();
        using var compiler = new PtxCompiler(CudaArchitecture.SM_90, CudaInstructionSet.ISA_80);
        Parallel.For(0, named.Count, PtxCompiler.Threads, i =>
        {
            string text = compiler.Compile(named[i].Key, named[i].Value).PTXAssembly;
            File.WriteAllText(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{i}.ptx")), text);
        });
        var lines = named.Select((k, i) => FormattableString.Invariant($"{i}\t{KernelName.Of(k.Key)}"));
        File.WriteAllLines(Path.Combine(folder, Index), lines);
        return named.Count;
    }

    public Action<AcceleratorStream, KernelConfig, T> Load<T>(Action<T> kernel)
        where T : struct
    {
        _kernels.TryAdd(kernel.Method, KernelSpecialization.Empty);
        return (_, _, _) => { };
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2> Load<T1, T2>(Action<T1, T2> kernel, KernelSpecialization limits)
        where T1 : struct
        where T2 : struct
    {
        _kernels.TryAdd(kernel.Method, limits);
        return (_, _, _, _) => { };
    }
}
