using IlZo.Ptx.Instructions;

namespace IlZo.Ptx;

/// <summary>Statements that are linked to a frame and can be executed.</summary>
public sealed class PtxCode
{
    private readonly List<LinkedInstruction> _instructions = [];
    private int[]? _meetings;

    internal PtxCode(IReadOnlyList<int> parameters) => Parameters = parameters;

    /// <summary>The rows of the parameters.</summary>
    public IReadOnlyList<int> Parameters { get; }

    /// <summary>Whether some instruction is one of the whole warp, as mma.sync is.</summary>
    public bool IsWarpWide { get; private set; }

    internal IReadOnlyList<LinkedInstruction> Instructions => _instructions;

    /// <summary>The place behind the last instruction.</summary>
    internal int End => _instructions.Count;

    /// <summary>Where lanes meet that part at a branch.</summary>
    internal int MeetingOf(int branch) => (_meetings ??= MeetingPlaces.Find(_instructions))[branch];

    internal void Add(LinkedInstruction instruction)
    {
        _instructions.Add(instruction);
        IsWarpWide |= instruction.Step.IsWarpWide;
    }
}

/// <summary>An instruction that can be executed.</summary>
/// <param name="Step">What it does.</param>
/// <param name="Guard">The row of its predicate; negative for none.</param>
/// <param name="IsNegated">Whether the predicate must be false.</param>
/// <param name="Text">As it is written.</param>
internal readonly record struct LinkedInstruction(Step Step, int Guard, bool IsNegated, string Text);
