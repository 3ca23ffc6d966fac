using IlZo.Machine;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// A <see cref="PanelKernel"/> that can be called: its machine code where that could be made executable, or its twin in C#.
/// </summary>
internal sealed unsafe class PanelFunction : IDisposable
{
    private readonly CodeMemory? _code;
    private readonly NativeBuffer? _tileShapes;
    private readonly delegate* unmanaged<PanelArguments*, void> _entry;

    private PanelFunction(PanelKernel kernel, CodeMemory? code)
    {
        Kernel = kernel;
        _code = code;
        if (code is not null)
        {
            _entry = (delegate* unmanaged<PanelArguments*, void>)code.Entry;
        }

        if (kernel.NeedsTiles)
        {
            byte[] shapes = TileKernel.Shapes();
            _tileShapes = new NativeBuffer(shapes.Length);
            shapes.CopyTo(new Span<byte>(_tileShapes.Data, shapes.Length));
        }
    }

    public PanelKernel Kernel { get; }

    /// <summary>Whether calls run on the matrix unit, which the twin does not.</summary>
    public bool NeedsTiles => Kernel.NeedsTiles && _entry != null;

    /// <summary>The machine code, or null where this machine does not let it run.</summary>
    public static PanelFunction? Emitted(PanelKernel kernel) =>
        CodeMemory.Create(kernel.Code) is { } code ? new PanelFunction(kernel, code) : null;

    /// <summary>The twin in C#.</summary>
    public static PanelFunction Reference(PanelKernel kernel) => new(kernel, null);

    public void Run(PanelArguments arguments)
    {
        arguments.TileShapes = _tileShapes is null ? null : (byte*)_tileShapes.Data;
        if (_entry == null)
        {
            Kernel.Reference(arguments);
            return;
        }

        _entry(&arguments);
    }

    public void Dispose()
    {
        _code?.Dispose();
        _tileShapes?.Dispose();
    }
}
