using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>Something to do with directions once their type in kernels is known.</summary>
internal interface IDirectionVisitor
{
    /// <param name="direction">What the directions read.</param>
    /// <param name="noise">The noise of each of them.</param>
    void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
        where TDirection : struct, IDirection;
}

/// <summary>Turns directions into what kernels take: a composition of the types of <see cref="IDirection"/>.</summary>
internal sealed class DirectionCompiler
{
    // Directions whose noise is described on the stack.
    private const int OnStack = 16;

    private readonly ArrayView<Quad> _table;
    private readonly SentArrays _arrays;
    private readonly DeviceState _state;
    private readonly RuleCompiler _rules;
    private readonly IWeightSums _sums;
    private readonly ChangeCompiler _changes;

    /// <param name="table">The coefficients of the normal transform.</param>
    /// <param name="arrays">Sends what directions keep on the host.</param>
    /// <param name="state">What optimizers keep on the device.</param>
    /// <param name="numbers">Turns what laws read into what kernels take.</param>
    /// <param name="rules">Turns update rules into what kernels take.</param>
    /// <param name="sums">Sums over the weights.</param>
    public DirectionCompiler(
        ArrayView<Quad> table, SentArrays arrays, DeviceState state, NumbersCompiler numbers, RuleCompiler rules, IWeightSums sums)
    {
        (_table, _arrays, _state, _rules, _sums) = (table, arrays, state, rules, sums);
        _changes = new ChangeCompiler(this, numbers, arrays);
    }

    /// <summary>
    /// Finds the type of some directions of one kind in a tensor that they cover. Those of noise alone take nothing from the heap.
    /// </summary>
    /// <exception cref="InvalidInputException">There is no kernel for such directions.</exception>
    public void Compile<TVisitor>(ReadOnlySpan<Direction> directions, Parameter parameter, TVisitor visitor)
        where TVisitor : IDirectionVisitor
    {
        switch (directions[0])
        {
            case GaussianDirection or RademacherDirection or SphereDirection or
                ScaledDirection { Inner: GaussianDirection or RademacherDirection }:
                CompileNoise(directions, parameter, visitor);
                break;
            case ChangedDirection:
                _changes.Compile(Cast<ChangedDirection>(directions), parameter, visitor);
                break;
            case LowRankDirection first:
                CompileLowRank(first, Cast<LowRankDirection>(directions), parameter, visitor);
                break;
            default:
                CompileSingle(Single(directions), parameter, visitor);
                break;
        }
    }

    private void CompileNoise<TVisitor>(ReadOnlySpan<Direction> directions, Parameter parameter, TVisitor visitor)
        where TVisitor : IDirectionVisitor
    {
        var noise = directions.Length <= OnStack ? stackalloc NoiseSource[directions.Length] : new NoiseSource[directions.Length];
        var first = directions[0];
        for (int i = 0; i < noise.Length; i++)
        {
            RequireKind(first, directions[i]);
            var (key, scale) = directions[i] switch
            {
                ScaledDirection d => (KeyOf(d.Inner), d.Factor(parameter, 0)),
                SphereDirection d => (d.Normal.Key, d.Scale(_sums)),
                var d => (KeyOf(d), 1f),
            };
            noise[i] = new NoiseSource(key, parameter.Id, scale);
        }

        if (first is RademacherDirection or ScaledDirection { Inner: RademacherDirection })
        {
            visitor.Visit(default(SignDirection), noise);
        }
        else
        {
            visitor.Visit(new NormalDirection(_table), noise);
        }
    }

    private void CompileLowRank(LowRankDirection first, LowRankDirection[] directions, Parameter parameter, IDirectionVisitor visitor)
    {
        if (first.Right(parameter) is not { } right)
        {
            Compile(directions.Select(d => d.Vectors).ToArray(), parameter, visitor);
            return;
        }

        RequireOne(directions, d => d.Right(parameter) == right && d.Left.GetType() == first.Left.GetType(), "factor V");
        var sent = _arrays.Send(right, parameter);
        int rank = first.Rank(parameter);
        if (first.Left is FreshFactor)
        {
            // Rows of U are numbered as those of a matrix with one group of columns.
            var left = directions.Select(d => new NoiseSource(((FreshFactor)d.Left).Key, parameter.Id, 1));
            visitor.Visit(new LowRank<FreshLeft>(new FreshLeft(_table), sent, rank, parameter.Columns), left.ToArray());
        }
        else
        {
            var kept = _arrays.Send<float>(
                first, parameter, () => [.. directions.SelectMany(d => ((KeptFactor)d.Left).Numbers(parameter))]);
            var left = new KeptLeft(kept, parameter.Rows, rank);
            visitor.Visit(new LowRank<KeptLeft>(left, sent, rank, parameter.Columns), new NoiseSource[directions.Length]);
        }
    }

    private void CompileSingle(Direction direction, Parameter parameter, IDirectionVisitor visitor)
    {
        switch (direction)
        {
            case BernoulliDirection d:
                var mask = new NoiseSource(d.Mask, parameter.Id, 1);
                Compile<IDirectionVisitor>([d.Inner], parameter, new BernoulliVisitor(d, mask, _state.State(d.Excess, parameter), visitor));
                break;
            case MoveDirection d:
                Compile<IDirectionVisitor>([d.Gradient], parameter, new MoveVisitor(d, parameter, _rules, visitor));
                break;
            case SumDirection d:
                CompileSum(d, [.. d.Terms.Where(t => t.Direction.Covers(parameter))], parameter, visitor);
                break;
            default:
                throw new InvalidInputException(
                    $"There are no GPU kernels for a {direction.GetType().Name}; a direction of one of the methods was expected.");
        }
    }

    private void CompileSum(
        SumDirection sum, IReadOnlyList<(double Coefficient, Direction Direction)> terms, Parameter parameter, IDirectionVisitor visitor)
    {
        if (terms.Count == 0)
        {
            visitor.Visit(default(NoDirection), new NoiseSource[1]);
            return;
        }

        Compile<IDirectionVisitor>(
            terms.Select(t => t.Direction).ToArray(), parameter, new SumVisitor(sum, terms, parameter, _arrays, visitor));
    }

    private static NoiseKey KeyOf(Direction direction) =>
        direction is RademacherDirection signs ? signs.Key : ((GaussianDirection)direction).Key;

    // Also inside of what scales them.
    private static void RequireKind(Direction first, Direction other)
    {
        if (other.GetType() != first.GetType())
        {
            throw Mixed(first.GetType().Name, other);
        }

        if (first is ScaledDirection scaled)
        {
            RequireKind(scaled.Inner, ((ScaledDirection)other).Inner);
        }
    }

    private static InvalidInputException Mixed(string first, Direction other) => new(
        $"A sum of a {first} and a {other.GetType().Name} has no GPU kernel; directions of one kind were expected.");

    private static TDirection[] Cast<TDirection>(ReadOnlySpan<Direction> directions)
        where TDirection : Direction
    {
        var cast = new TDirection[directions.Length];
        for (int i = 0; i < cast.Length; i++)
        {
            cast[i] = directions[i] as TDirection ?? throw Mixed(typeof(TDirection).Name, directions[i]);
        }

        return cast;
    }

    private static Direction Single(ReadOnlySpan<Direction> directions) => directions.Length == 1
        ? directions[0]
        : throw new InvalidInputException(
            $"A sum of {directions.Length} {directions[0].GetType().Name}s has no GPU kernel; one was expected.");

    // What a kernel takes once for all terms.
    private static void RequireOne<TDirection>(TDirection[] directions, Predicate<TDirection> has, string what)
        where TDirection : Direction
    {
        if (!Array.TrueForAll(directions, has))
        {
            throw new InvalidInputException(
                $"A sum of {typeof(TDirection).Name}s that differ in the {what} of a tensor has no GPU kernel; one was expected.");
        }
    }
}
