using System.Diagnostics;
using System.Runtime.Intrinsics;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// Whether a kernel can be used on this machine, found by running it: features that are announced may still not be allowed, or be slow.
/// </summary>
/// <param name="Function">The kernel, or null where it cannot be used.</param>
/// <param name="Speedup">The C# kernels' time for the same product in fp32 over its own.</param>
/// <param name="Finding">What was found, as a part of a sentence.</param>
internal sealed record KernelProbe(PanelFunction? Function, double Speedup, string Finding)
{
    /// <summary>What a kernel must gain to be used: below this, packing and calling take it back.</summary>
    public const double LeastSpeedup = 1.2;

    private const int Groups = 8;
    private const int Columns = BFloat16Layout.Depth;
    private const int ComparedGroups = 2;
    private const int ComparedColumns = 3 * BFloat16Layout.ColumnGroup;

    // A wrong instruction is wrong by much more; the twin's own sums are exact to a few times 2⁻²⁴ of this measure.
    private const double Tolerance = 1e-5;

    /// <summary>Whether the kernel gives the right numbers, and fast enough.</summary>
    public bool IsUsable => Function is not null && Speedup >= LeastSpeedup;

    /// <summary>Makes a kernel executable, compares it with its twin and measures it.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="isOffered">Whether the processor has its instructions.</param>
    /// <param name="feature">What the processor lacks where it does not.</param>
    public static KernelProbe Of(PanelKernel kernel, bool isOffered, string feature)
    {
        if (!CpuFeatures.IsSupportedSystem)
        {
            return Unusable("machine code is emitted on Linux x86-64 only");
        }

        if (!isOffered)
        {
            return Unusable($"the processor has no {feature}");
        }

        try
        {
            return Emit(kernel);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or OutOfMemoryException)
        {
            return Unusable($"the operating system does not support it: {e.Message.TrimEnd('.')}");
        }
    }

    private static KernelProbe Emit(PanelKernel kernel)
    {
        if (kernel.NeedsTiles && !TileThread.RequestTiles())
        {
            return Unusable("the operating system does not allow tiles");
        }

        if (PanelFunction.Emitted(kernel) is not { } function)
        {
            return Unusable("the operating system does not allow emitted code");
        }

        var probe = Unusable(string.Empty);
        if (kernel.NeedsTiles)
        {
            TileThread.Run(() => probe = Try(function));
        }
        else
        {
            probe = Try(function);
        }

        return probe;
    }

    private static KernelProbe Unusable(string finding) => new(null, 0, finding);

    private static unsafe KernelProbe Try(PanelFunction function)
    {
        int rows = function.Kernel.Rows * Groups;
        var layout = function.Kernel.Layout;
        using var weights = new NativeBuffer((long)rows * layout.RowBytes);
        using var panel = new NativeBuffer(layout.PanelBytes(Columns));
        using var floats = new NativeBuffer((rows + Columns) * Panel.Lanes * sizeof(float));
        using var expected = new NativeBuffer(rows * Panel.Lanes * sizeof(float));
        float* x = (float*)floats.Data;
        Fill(layout, x, rows, (byte*)weights.Data, (byte*)panel.Data);
        var arguments = new PanelArguments
        {
            Weights = (byte*)weights.Data,
            Activations = (byte*)panel.Data,
            Result = (float*)expected.Data,
            Columns = ComparedColumns,
            Groups = ComparedGroups,
        };
        function.Kernel.Reference(arguments);
        float* result = x + (Columns * Panel.Lanes);
        arguments.Result = result;
        function.Run(arguments);
        for (int i = 0; i < ComparedGroups * function.Kernel.Rows * Panel.Lanes; i++)
        {
            // Operands lie between −1 and 1, so a sum of their products' magnitudes is below the number of columns.
            if (!(Math.Abs(result[i] - ((float*)expected.Data)[i]) <= Tolerance * ComparedColumns))
            {
                function.Dispose();
                return Unusable("its self-test gave other numbers than the same arithmetic in C#");
            }
        }

        arguments.Columns = Columns;
        arguments.Groups = Groups;
        double own = Seconds(() => function.Run(arguments));
        using var packed = new NativeBuffer((long)Panel.Padded(rows) * Panel.Stride * sizeof(float));
        double managed = Seconds(() =>
        {
            for (int column = 0; column < Columns; column += Panel.Depth)
            {
                Panel.Multiply((float*)packed.Data, rows, x + (column * Panel.Lanes), Panel.Lanes, result, Panel.Depth);
            }
        });
        double speedup = managed / own;
        return new KernelProbe(function, speedup, FormattableString.Invariant($"{speedup:F1} times as fast as the C# kernels in fp32"));
    }

    // A few values of either sign, which is what shows a swapped row, pair or half.
    private static unsafe void Fill(BFloat16Layout layout, float* x, int rows, byte* weights, byte* panel)
    {
        const float step = 1 / 128f + 1 / 65536f;
        for (int i = 0; i < Columns * Panel.Lanes; i++)
        {
            x[i] = ((i * 37 % 255) - 127) * step;
        }

        for (int row = 0; row < rows; row++)
        {
            BFloat16Packing.PackRow(layout, x + (row * 7), Columns, weights + ((long)row * layout.RowBytes));
        }

        BFloat16Packing.PackPanel(layout, x, Columns, panel);
    }

    // The fastest of some: what else runs on the machine only ever adds.
    private static double Seconds(Action action)
    {
        double least = double.MaxValue;
        for (int repetition = 0; repetition < 12; repetition++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            least = Math.Min(least, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return least;
    }
}
