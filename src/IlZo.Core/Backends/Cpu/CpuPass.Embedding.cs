using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    public virtual void Embed(Parameter table, IReadOnlyList<int> rows, Activation y, bool accumulate = false)
    {
        using var use = EnterPass();
        using var held = _pass.Read(table);
        var to = Own(y);
        Fit.Rows(table, rows, y);
        var points = PointsOf(table);
        to.Prepare(points.AreStored && (to.IsShared || !accumulate), keep: accumulate);
        _pool.Run(to.Panels, new EmbedWork(this, table, rows, PointsOf(table, to), to, accumulate));
    }

    private static void EmbedPanel(
        Parameter table, IReadOnlyList<int> rows, PassPoints points, CpuActivation y, bool accumulate, int panel,
        WorkerScratch scratch)
    {
        int first = panel * Panel.Lanes;
        int lanes = Math.Min(Panel.Lanes, y.Tokens - first);
        float* slice = scratch.Packed((long)points.Count * Panel.Depth);
        for (int probe = 0; probe < y.Parts && !accumulate && lanes < Panel.Lanes; probe++)
        {
            new Span<float>(y.At(probe, panel), y.Features * Panel.Lanes).Clear();
        }

        for (int lane = 0; lane < lanes; lane++)
        {
            for (int column = 0; column < table.Columns; column += Panel.Depth)
            {
                int count = Math.Min(Panel.Depth, table.Columns - column);
                WeightReader.Read(table, rows[first + lane], column, count, points, slice, Panel.Depth, scratch);
                for (int probe = 0; probe < y.Parts; probe++)
                {
                    float* destination = y.At(probe, panel) + ((long)column * Panel.Lanes) + lane;
                    float* source = slice + (points.IndexOf(probe) * Panel.Depth);
                    for (int f = 0; f < count; f++)
                    {
                        float old = accumulate ? destination[f * Panel.Lanes] : 0;
                        destination[f * Panel.Lanes] = old + source[f];
                    }
                }
            }
        }
    }

    private readonly struct EmbedWork(
        CpuPass pass, Parameter table, IReadOnlyList<int> rows, PassPoints points, CpuActivation y, bool accumulate) : IWork
    {
        public void Do(int item, int worker) => EmbedPanel(table, rows, points, y, accumulate, item, pass._scratch[worker]);
    }
}
