using IlZo.Backends.Cpu.Emitted;
using IlZo.Backends.Cpu.Streaming;

namespace IlZo.Backends.Cpu;

/// <summary>What a backend works with, pass after pass: threads, an engine, and memory that is taken once.</summary>
internal sealed class CpuWorkspace : IDisposable
{
    /// <param name="threads">Threads to use, or null for all processors.</param>
    /// <param name="products">What computes products.</param>
    public CpuWorkspace(int? threads, ProductEngine products)
    {
        Products = products;
        Pool = new WorkerPool(threads ?? Environment.ProcessorCount, products.NeedsTiles ? SignalStack.Install : null);
        Profile = new CpuProfile(Pool.Count);
        Scratch = new WorkerScratch[Pool.Count];
        for (int i = 0; i < Scratch.Length; i++)
        {
            Scratch[i] = new WorkerScratch();
        }
    }

    public ProductEngine Products { get; }

    public WorkerPool Pool { get; }

    /// <summary>Buffers of each worker.</summary>
    public WorkerScratch[] Scratch { get; }

    public CpuProfile Profile { get; }

    public ActivationArena Arena { get; } = new();

    public PackedActivation Packed { get; } = new();

    public TextRuns Runs { get; } = new();

    public RotationTables Rotations { get; } = new();

    /// <summary>The weights that are not in memory all the time; null where all are.</summary>
    public StreamedWeights? Streamed { get; set; }

    public void Dispose()
    {
        Pool.Dispose();
        Arena.Dispose();
        Packed.Dispose();
        foreach (var scratch in Scratch)
        {
            scratch.Dispose();
        }
    }
}
