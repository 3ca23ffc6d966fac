using IlZo.Backends;
using IlZo.Backends.Cpu;

namespace IlZo.Core.Tests.Backends;

/// <summary>The C# kernels by the name of another engine, so that a backend of the CPU stands for a GPU.</summary>
internal sealed class RenamedProducts(Engine engine) : WrappedProducts(new ManagedProducts())
{
    public override Engine Engine => engine;
}
