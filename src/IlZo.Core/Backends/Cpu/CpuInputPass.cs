using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>A pass at the weights as they are, with the bits of any other, in which somebody sees what layers are applied to.</summary>
/// <param name="pass">Keeps the pass to itself.</param>
/// <param name="workspace">What it works with; no other pass does from here on.</param>
/// <param name="batch">The tokens.</param>
/// <param name="observer">Who sees them.</param>
internal sealed unsafe class CpuInputPass(PassGuard pass, CpuWorkspace workspace, TokenBatch batch, IInputObserver observer)
    : CpuPass(pass, workspace, batch, [Probe.Unperturbed], null)
{
    // Features that a worker sums over the tokens at a time.
    private const int Block = 64;

    // By where they lie and when that was written, of all that trained layers have been applied to.
    private readonly Dictionary<(CpuActivation Whole, nint Data, int Features, long Version), Inputs> _seen = [];

    public override void Embed(Parameter table, IReadOnlyList<int> rows, Activation y, bool accumulate = false)
    {
        if (table.IsTrained)
        {
            observer.LookedUp(table);
        }

        base.Embed(table, rows, y, accumulate);
    }

    public override void Linear(
        Activation x,
        Parameter weight,
        Parameter? bias,
        Activation y,
        bool accumulate = false,
        ActivationFunction? activation = null,
        WeightLayout layout = WeightLayout.OutIn)
    {
        layout.RequireFit(weight, x, y);
        Show(x, weight, layout);
        base.Linear(x, weight, bias, y, accumulate, activation, layout);
    }

    public override double[][] LogProbabilities(Activation x, OutputHead head, IReadOnlyList<(int Output, int Id)> targets)
    {
        Fit.Targets(head, x, targets);
        Show(x, head.Weight, WeightLayout.OutIn);
        return base.LogProbabilities(x, head, targets);
    }

    private void Show(Activation x, Parameter weight, WeightLayout layout)
    {
        if (weight.IsTrained)
        {
            observer.Multiplied(weight, layout, InputsOf(x));
        }
    }

    private Inputs InputsOf(Activation x)
    {
        using var use = EnterPass();
        var own = Own(x);
        var key = (own.Whole, (nint)own.Data, own.Features, own.Version);
        if (!_seen.TryGetValue(key, out var inputs))
        {
            _seen[key] = inputs = new Inputs(this, own);
        }

        return inputs;
    }

    // Sums over features run token by token, and those over tokens in as many lanes as a panel has, which are added one after another: the
    // bits depend neither on threads nor on the width of vectors. What the last panel is filled up with has no part in them.
    private sealed class Inputs(CpuInputPass pass, CpuActivation x) : LayerInputs
    {
        private readonly long _version = x.Version;

        public override int Features { get; } = x.Features;

        public override void MultiplySquare(ReadOnlySpan<float> vectors, Span<float> products)
        {
            using var use = pass.EnterPass();
            if (x.Version != _version)
            {
                throw new InvalidOperationException("The inputs of a layer were written since; they were expected to be used at once.");
            }

            int count = vectors.Length / Features;
            float[] rows = new float[checked(count * x.Panels * Panel.Lanes)];
            fixed (float* v = vectors, r = rows, p = products)
            {
                pass._pool.Run(x.Panels, new RowWork(x, v, count, r));
                pass._pool.Run((Features + Block - 1) / Block, new SumWork(x, r, count, p));
            }
        }
    }

    // Hv for each vector, [vector][panel][32].
    private readonly struct RowWork(CpuActivation x, float* vectors, int count, float* rows) : IWork
    {
        public void Do(int item, int worker)
        {
            for (int k = 0; k < count; k++)
            {
                float* to = rows + ((((long)k * x.Panels) + item) * Panel.Lanes);
                VectorWidth.Use(new RowProduct(x.At(0, item), vectors + ((long)k * x.Features), x.Features, to));
            }
        }
    }

    private readonly struct RowProduct(float* x, float* vector, int features, float* to) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            for (int lane = 0; lane < Panel.Lanes; lane += TSimd.Width)
            {
                var sum = TSimd.Broadcast(0);
                for (int f = 0; f < features; f++)
                {
                    sum = TSimd.FusedMultiplyAdd(TSimd.Load(x + ((long)f * Panel.Lanes) + lane), TSimd.Broadcast(vector[f]), sum);
                }

                TSimd.Store(sum, to + lane);
            }
        }
    }

    // HᵀHv of some features for each vector.
    private readonly struct SumWork(CpuActivation x, float* rows, int count, float* products) : IWork
    {
        public void Do(int item, int worker)
        {
            int first = item * Block;
            int features = Math.Min(Block, x.Features - first);
            float* sums = stackalloc float[Block * Panel.Lanes];
            for (int k = 0; k < count; k++)
            {
                new Span<float>(sums, features * Panel.Lanes).Clear();
                for (int panel = 0; panel < x.Panels; panel++)
                {
                    float* from = x.At(0, panel) + ((long)first * Panel.Lanes);
                    float* row = rows + ((((long)k * x.Panels) + panel) * Panel.Lanes);
                    if (x.Lanes(panel) == Panel.Lanes)
                    {
                        VectorWidth.Use(new PanelSum(from, row, features, sums));
                    }
                    else
                    {
                        AddTokens(from, row, features, x.Lanes(panel), sums);
                    }
                }

                for (int f = 0; f < features; f++)
                {
                    double sum = 0;
                    for (int lane = 0; lane < Panel.Lanes; lane++)
                    {
                        sum += sums[(f * Panel.Lanes) + lane];
                    }

                    products[((long)k * x.Features) + first + f] = (float)sum;
                }
            }
        }

        private static void AddTokens(float* x, float* row, int features, int tokens, float* sums)
        {
            for (int f = 0; f < features; f++)
            {
                for (int lane = 0; lane < tokens; lane++)
                {
                    int at = (f * Panel.Lanes) + lane;
                    sums[at] = FusedArithmetic.MultiplyAdd(x[at], row[lane], sums[at]);
                }
            }
        }
    }

    private readonly struct PanelSum(float* x, float* row, int features, float* sums) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            for (int lane = 0; lane < Panel.Lanes; lane += TSimd.Width)
            {
                var factor = TSimd.Load(row + lane);
                for (int f = 0; f < features; f++)
                {
                    float* sum = sums + (f * Panel.Lanes) + lane;
                    TSimd.Store(TSimd.FusedMultiplyAdd(TSimd.Load(x + (f * Panel.Lanes) + lane), factor, TSimd.Load(sum)), sum);
                }
            }
        }
    }
}
