using IlZo.Ptx.Syntax;

namespace IlZo.Ptx;

/// <summary>A kernel of a module that can be launched.</summary>
public sealed class PtxKernel
{
    private readonly PtxFrame _frame = new();
    private readonly PtxCode _code;
    private readonly PtxFunction _function;

    private PtxKernel(PtxModule module, PtxFunction function)
    {
        _function = function;
        var shared = function.Statements.OfType<Declaration>().Where(d => d.Space == ".shared");
        foreach (var variable in function.Parameters.Concat(shared).Concat(module.Variables.OrderBy(v => v.Length == 0)))
        {
            // Memory whose size the launch decides comes last.
            _frame.Declare(variable);
        }

        _code = _frame.Link([.. function.Statements.Where(s => s is not Declaration { Space: ".shared" })]);
    }

    /// <summary>Links the only kernel of a module, and its other functions to see that they could be.</summary>
    /// <exception cref="PtxException">The text is none that an assembler takes, or has instructions that are not known.</exception>
    public static PtxKernel Load(string text)
    {
        var module = PtxModule.Parse(text);
        PtxKernel[] functions = [.. module.Functions.Where(f => f.Statements.Count > 0).Select(f => new PtxKernel(module, f))];
        return functions.Single(f => f._function.IsEntry);
    }

    /// <summary>
    /// Executes the kernel: the groups one after the other, the warps of a group each until it waits for the others, in alternating order.
    /// </summary>
    /// <param name="launch">The size.</param>
    /// <param name="global">The device's memory.</param>
    /// <param name="parameters">The bytes of the parameters, each at its alignment.</param>
    /// <param name="counts">Where it is counted what is executed, or null.</param>
    /// <exception cref="PtxException">Something is undefined on a GPU.</exception>
    public void Launch(PtxLaunch launch, PtxGlobalMemory global, ReadOnlySpan<byte> parameters, PtxCounts? counts = null)
    {
        if (parameters.Length != _frame.ParameterEnd)
        {
            throw new PtxException($"The kernel takes {_frame.ParameterEnd} bytes of parameters, {parameters.Length} were given.");
        }

        if (launch.Group > (_function.MaxThreads ?? launch.Group))
        {
            throw new PtxException($"The kernel is for groups of at most {_function.MaxThreads} threads, {launch.Group} were asked for.");
        }

        uint sharedEnd = _frame.SharedEnd + (uint)launch.DynamicSharedBytes;
        var memory = new PtxMemory(global, (int)(sharedEnd - PtxMemory.Base), counts);
        memory.SetParameters(parameters);
        memory.SetSharedEnd(sharedEnd);
        var warps = Enumerable.Range(0, (launch.Group + PtxWarp.Size - 1) / PtxWarp.Size).Select(_ => new PtxWarp(memory)).ToArray();
        for (int z = 0; z < launch.Grid.Z; z++)
        {
            for (int y = 0; y < launch.Grid.Y; y++)
            {
                for (int x = 0; x < launch.Grid.X; x++)
                {
                    memory.Spoil();
                    Run(warps, launch, (x, y, z));
                }
            }
        }
    }

    private void Run(PtxWarp[] warps, PtxLaunch launch, (int X, int Y, int Z) group)
    {
        var runs = new PtxRun[warps.Length];
        for (int i = 0; i < warps.Length; i++)
        {
            int first = i * PtxWarp.Size;
            uint lanes = PtxWarp.AllLanes >> Math.Max(0, first + PtxWarp.Size - launch.Group);
            warps[i].Spoil(_frame);
            warps[i].SetPlace(launch, group, first);
            runs[i] = new PtxRun(_code, warps[i], lanes);
        }

        int waiting = runs.Length;
        for (bool backwards = false; waiting > 0; backwards = !backwards)
        {
            waiting = 0;
            for (int i = 0; i < runs.Length; i++)
            {
                waiting += runs[backwards ? runs.Length - 1 - i : i].Continue() ? 1 : 0;
            }

            if (waiting > 0 && waiting < runs.Length)
            {
                throw new PtxException(
                    $"{runs.Length - waiting} of {runs.Length} warps of a group ended while the others wait at a barrier.");
            }
        }

        for (int i = 0; i < warps.Length; i++)
        {
            warps[i].Products.End(warps[i - (i % WarpgroupProducts.Warps)].Products);
        }
    }
}
