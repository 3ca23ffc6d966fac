using System.Collections.Concurrent;
using System.Reflection;
using IlZo.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>
/// Makes the text of kernels that a driver is given; no GPU is needed. ILGPU holds a lock of the context while it reads and optimizes a
/// kernel, so that each thread that compiles has a context to itself.
/// </summary>
/// <param name="architecture">The compute capability.</param>
/// <param name="version">The version of PTX.</param>
internal sealed class PtxCompiler(CudaArchitecture architecture, CudaInstructionSet version) : IDisposable
{
    private readonly ConcurrentBag<Workplace> _idle = [];

    /// <summary>
    /// As many threads as there are processors: ILGPU waits for threads of its own, so that more would be begun, and contexts are dear.
    /// </summary>
    public static ParallelOptions Threads { get; } = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };

    /// <summary>Compiles a kernel; the text is the same in every process.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="limits">What registers must suffice for.</param>
    /// <exception cref="InternalCompilerException">ILGPU has no text for it.</exception>
    public PTXCompiledKernel Compile(MethodInfo kernel, KernelSpecialization limits)
    {
        var place = _idle.TryTake(out var idle) ? idle : new Workplace(architecture, version);
        try
        {
            var compiled = place.Compile(kernel, limits);
            CompiledText.Complete(compiled);
            _idle.Add(place);
            return compiled;
        }
        catch
        {
            // After a kernel that it has no text for, ILGPU fails at others in the same context.
            place.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var place))
        {
            place.Dispose();
        }
    }

    private sealed class Workplace : IDisposable
    {
        private readonly Context _context = Context.Create(b => b.EnableKernels());
        private readonly PTXBackend _backend;

        public Workplace(CudaArchitecture architecture, CudaInstructionSet version) =>
            _backend = new PTXBackend(_context, new CudaCapabilityContext(architecture), architecture, version, null);

        public PTXCompiledKernel Compile(MethodInfo kernel, KernelSpecialization limits) =>
            (PTXCompiledKernel)_backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(kernel), limits);

        public void Dispose()
        {
            _backend.Dispose();
            _context.Dispose();
        }
    }
}
