using IlZo.Ptx.Instructions;
using IlZo.Ptx.Syntax;

namespace IlZo.Ptx;

/// <summary>Turns statements into steps: names become rows and addresses.</summary>
/// <param name="frame">Where registers and variables get their places.</param>
/// <param name="function">The scope of what is declared outside of braces.</param>
/// <param name="outer">The scope that statements outside of braces see.</param>
/// <param name="code">Where the steps go.</param>
internal sealed class Linker(PtxFrame frame, PtxScope function, PtxScope outer, PtxCode code)
{
    public void Link(IReadOnlyList<PtxStatement> statements)
    {
        int place = 0;
        foreach (var statement in statements)
        {
            if (statement is Label label)
            {
                outer.Add(label.Name, new AddressSymbol(string.Empty, (ulong)place));
            }

            place += statement is Instruction ? 1 : 0;
        }

        var scope = outer;
        foreach (var statement in statements)
        {
            switch (statement)
            {
                case ScopeStart:
                    scope = new PtxScope(scope);
                    break;
                case ScopeEnd:
                    scope = scope.Parent!;
                    break;
                case Declaration declaration:
                    Declare(declaration, scope == outer ? function : scope);
                    break;
                case Instruction instruction:
                    code.Add(Link(instruction, scope));
                    break;
                default:
                    break;
            }
        }
    }

    private LinkedInstruction Link(Instruction instruction, PtxScope scope)
    {
        var operands = new Operands(instruction, frame, scope);
        var step = InstructionSet.Create(instruction.Opcode, operands);
        int guard = instruction.Guard is null ? -1 : operands.Guard(instruction.Guard);
        return new LinkedInstruction(step, guard, instruction.IsNegated, instruction.Text);
    }

    private void Declare(Declaration declaration, PtxScope scope)
    {
        if (declaration.Space == ".reg")
        {
            foreach (string name in declaration.Count is { } count
                ? Enumerable.Range(0, count).Select(i => $"{declaration.Name}{i}")
                : [declaration.Name])
            {
                scope.Add(name, new RegisterSymbol(declaration.Type, frame.NewRow()));
            }
        }
        else
        {
            frame.Declare(declaration, scope);
        }
    }
}
