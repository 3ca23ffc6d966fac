using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Backends.Emitted;

/// <summary>Random operands of a kernel, a few subnormal numbers among them, which bfloat16 instructions take for zero.</summary>
internal sealed unsafe class PanelOperands : IDisposable
{
    private readonly NativeBuffer _weights;
    private readonly NativeBuffer _panel;
    private readonly NativeBuffer _result;
    private readonly float[] _start;

    public PanelOperands(PanelKernel kernel, int groups, int columns)
    {
        int rows = groups * kernel.Rows;
        _weights = new NativeBuffer((long)rows * kernel.Layout.RowBytes);
        _panel = new NativeBuffer(kernel.Layout.PanelBytes(columns));
        _result = new NativeBuffer(rows * Panel.Lanes * sizeof(float));
        var random = new Random(columns + groups);
        Fill(_weights, random);
        Fill(_panel, random);
        _start = [.. Enumerable.Range(0, rows * Panel.Lanes).Select(_ => random.NextSingle() - 0.5f)];
        Arguments = new PanelArguments
        {
            Weights = (byte*)_weights.Data,
            Activations = (byte*)_panel.Data,
            Result = (float*)_result.Data,
            Columns = columns,
            Groups = groups,
        };
        Restart();
    }

    public PanelArguments Arguments { get; }

    public Interpreter Allow(Interpreter interpreter) => interpreter
        .Allow(_weights.Data, _weights.ByteCount).Allow(_panel.Data, _panel.ByteCount).Allow(_result.Data, _result.ByteCount);

    public float[] Run(PanelKernel.Function function)
    {
        Restart();
        function(Arguments);
        float[] result = Result();
        Restart();
        return result;
    }

    public float[] Result() => new Span<float>(_result.Data, _start.Length).ToArray();

    public void Dispose()
    {
        _weights.Dispose();
        _panel.Dispose();
        _result.Dispose();
    }

    private void Restart() => _start.CopyTo(new Span<float>(_result.Data, _start.Length));

    private static void Fill(NativeBuffer buffer, Random random)
    {
        foreach (ref ushort value in new Span<ushort>(buffer.Data, (int)(buffer.ByteCount / sizeof(ushort))))
        {
            value = random.Next(16) == 0 ? (ushort)random.Next(128) : BFloat16Packing.Round((random.NextSingle() - 0.5f) * 4);
        }
    }
}
