using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// What a backend works with, pass after pass: a stream, kernels, memory that is taken once, and what compiles their arguments.
/// </summary>
internal sealed class GpuWorkspace : IDisposable
{
    private readonly MemoryBuffer _table;

    /// <param name="accelerator">The device.</param>
    /// <param name="loader">Loads kernels.</param>
    /// <param name="name">What the user calls the device.</param>
    /// <param name="capacity">Bytes of its memory that may be taken; null for what is usual.</param>
    /// <param name="shape">Sizes of thread groups; null for those that suit GPUs.</param>
    /// <param name="products">What products are computed in.</param>
    /// <param name="sums">Sums over weights, where a direction needs them in the midst of an operation.</param>
    /// <param name="update">Begins an update of tensors that are on the device.</param>
    public GpuWorkspace(
        Accelerator accelerator,
        IKernelLoader loader,
        string name,
        long? capacity,
        LaunchShape? shape,
        ProductPrecision products,
        IWeightSums sums,
        Action<WeightUpdate> update)
    {
        var faults = new DeviceFaults(name);
        Stream = new DeviceStream(accelerator.DefaultStream, faults);
        Kernels = new KernelLauncher(loader, accelerator.DefaultStream, faults, shape ?? LaunchShape.Gpu, products);
        Memory = new DeviceMemory(accelerator, name, capacity ?? accelerator.MemorySize - GpuMemory.WorkingBytes, faults);
        Weights = new DeviceWeights(
            Stream, Memory,
            (parameters, plan) => new StreamedDeviceWeights(parameters, plan, accelerator, Memory, Stream, faults, update));
        State = new DeviceState(Stream, Memory, Weights);
        Arena = new DeviceArena(Memory);
        Operands = new OperandRoom(Memory, Kernels.Shape.OperandBytes);
        Transfers = new Transfers(Stream, Memory);
        var table = NormalDirection.Table();
        _table = Memory.Take(table.Length * 4 * sizeof(float), "tables");
        Table = new ArrayView<Quad>(_table, 0, table.Length);
        Stream.Write<Quad>(table, Table);
        Range = new DeviceRange(Stream, Memory);
        Arrays = new SentArrays(Transfers);
        var numbers = new NumbersCompiler(Arrays, State);
        Rules = new RuleCompiler(numbers);
        Directions = new DirectionCompiler(Table, Arrays, State, numbers, Rules, sums);
        Estimates = new EstimateCompiler(Directions, Transfers);
    }

    public KernelLauncher Kernels { get; }

    public DeviceStream Stream { get; }

    public DeviceMemory Memory { get; }

    public DeviceWeights Weights { get; }

    public DeviceState State { get; }

    public DeviceArena Arena { get; }

    public OperandRoom Operands { get; }

    public Transfers Transfers { get; }

    /// <summary>The cubics of the normal transform.</summary>
    public ArrayView<Quad> Table { get; }

    public SentArrays Arrays { get; }

    public RuleCompiler Rules { get; }

    public DirectionCompiler Directions { get; }

    public EstimateCompiler Estimates { get; }

    public DeviceRange Range { get; }

    public GpuActivations Activations { get; } = new();

    /// <summary>The probes of a pass, by direction.</summary>
    public List<ProbeRun> Runs { get; } = [];

    /// <summary>Cosines and sines that a pass has sent.</summary>
    public Dictionary<(IRotaryFrequencies Frequencies, int Shift), ArrayView<float>> Rotations { get; } = [];

    /// <summary>Room for attention's tiles before they are sent.</summary>
    public List<int> TileList { get; } = [];

    /// <inheritdoc cref="TileList"/>
    public List<int> KeyList { get; } = [];

    /// <inheritdoc cref="TileList"/>
    public List<int> FirstKeys { get; } = [];

    /// <summary>Takes everything back for the pass of that number.</summary>
    public void Begin(long pass)
    {
        Arena.Reset();
        Operands.Reset();
        Activations.Reset(pass);
        Transfers.Reset();
        Arrays.Forget();
        Rotations.Clear();
    }

    /// <summary>Forgets weights, and what was made of them.</summary>
    public void Load(ParameterSet parameters, StreamPlan? plan, CancellationToken cancellation)
    {
        Stream.Wait();
        Arena.Dispose();
        Operands.Dispose();
        State.Dispose();
        Weights.Load(parameters, plan, cancellation);
    }

    /// <summary>Finds the types of a kernel that reads a tensor as the probes of a run see it.</summary>
    public void Perturb<TVisitor>(Parameter parameter, ProbeRun run, TVisitor visitor)
        where TVisitor : struct, IWeightsVisitor
    {
        // The device has its own copy, but a model that was disposed of is gone here too.
        using var held = parameter.Set is { } set ? set.Read() : default;
        if (run.Direction is not { } direction || !parameter.IsTrained || !direction.Covers(parameter))
        {
            var still = Seen(Weights[parameter], parameter, run, default(NoDirection), default);
            Specialization.ChooseStill(parameter.Type, run.AreTwo, still, visitor);
        }
        else
        {
            Directions.Compile([direction], parameter, new WeightsReader<TVisitor>(Weights, parameter, run, visitor));
        }
    }

    public void Dispose()
    {
        try
        {
            Stream.Wait();
        }
        catch (DeviceException)
        {
            // Whoever read a result has been told.
        }

        Arena.Dispose();
        Operands.Dispose();
        Transfers.Dispose();
        Range.Dispose();
        State.Dispose();
        Weights.Dispose();
        DeviceFaults.Release(_table);
    }

    private static PerturbedWeights<TDirection> Seen<TDirection>(
        WeightView weights, Parameter parameter, ProbeRun run, TDirection direction, NoiseSource noise)
        where TDirection : struct, IDirection => new()
        {
            Weights = weights,
            Columns = parameter.Columns,
            Direction = direction,
            Term = new Term(noise, 1, 0),
            Radius0 = run.Radius0,
            Radius1 = run.Radius1,
        };

    // Asks where weights are at last: sums that a direction is made of may have moved them.
    private readonly struct WeightsReader<TVisitor>(DeviceWeights weights, Parameter parameter, ProbeRun run, TVisitor visitor)
        : IDirectionVisitor
        where TVisitor : struct, IWeightsVisitor
    {
        public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
            where TDirection : struct, IDirection =>
            Specialization.Choose(
                parameter.Type, run.AreTwo, Seen(weights[parameter], parameter, run, direction, noise[0]), visitor);
    }
}
