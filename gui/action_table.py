"""Every action of the window, one row each: menus, keys, the key sheet and tips come from here.

A row is all that an action needs to exist; what it does is connected elsewhere. The order of the
rows is the order in menus and on the key sheet; where the group changes inside a menu, a line is
drawn.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ActionRow:
    """What an action is called, how it is reached, and what it is for.

    Attributes:
        name: The name in the code, such as `next_round`.
        text: What menus and buttons say.
        keys: Key sequences, the one to teach first; none: it has no key.
        menu: Path of its menu, such as "View/Plots"; "": a menu that is filled by the run offers
            the same under other words.
        group: Heading on the key sheet.
        help: What it does, in one short sentence.
        switch: Whether it is on or off.
        repeats: Whether it happens again and again while its key is held.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    menu: str
    group: str
    help: str
    switch: bool = False
    repeats: bool = False


_ROW = ActionRow

TABLE: Final[tuple[ActionRow, ...]] = (
    # File
    _ROW("scenarios", "Scenarios…", ("Ctrl+Shift+O",), "File", "Open",
         "Choose one of the scenarios that come with the program."),
    _ROW("open_file", "Open a file…", ("Ctrl+O",), "File", "Open",
         "Open a scenario or the recording of a migration."),
    _ROW("open_share_code", "Open a share code…", ("Ctrl+V", "Ctrl+Shift+V"), "File", "Open",
         "Open the scenario in a text that somebody sent."),
    _ROW("save_scenario", "Save as a scenario…", ("Ctrl+S",), "File", "Keep",
         "Save what is on screen, with its changes, as a file."),
    _ROW("copy_share_code", "Copy a share code", ("Ctrl+Shift+C",), "File", "Keep",
         "Copy the scenario as a text to paste into a message."),
    _ROW("export_picture", "Export a figure…", ("Ctrl+E",), "File", "Keep",
         "Save this instant as PNG, SVG or PDF, with the scenario inside."),
    _ROW("beside", "Simulate beside the recording", ("B",), "File", "Recordings",
         "Simulate what was recorded and show both."),
    _ROW("twin_values", "Values of the simulated twin…", ("Shift+B",), "File", "Recordings",
         "See and change what the twin of a recording assumes."),
    _ROW("quit", "Quit", ("Ctrl+Q",), "File", "Quit", "Close the window."),
    # Edit
    _ROW("undo", "Undo", ("Ctrl+Z",), "Edit", "Edit", "Take the last edit back."),
    _ROW("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit", "Edit",
         "Make the edit again that was taken back."),
    _ROW("reset", "Reset", ("R",), "Edit", "Edit", "Go back to the scenario as it was opened."),
    _ROW("reset_all", "Reset all…", ("Ctrl+R",), "Edit", "Edit",
         "Go back to how everything was: scenario, layout, speed, plots, colours."),
    _ROW("branches", "Branches", ("Shift+T",), "Edit", "Branches",
         "Show every future that was, and go back to one.", switch=True),
    _ROW("note", "Note…", ("N",), "Edit", "Timeline", "Write a note at the playhead."),
    _ROW("remove_here", "Remove what is marked here", ("Del",), "Edit", "Timeline",
         "Take away the change, fault or note at the playhead."),
    # Run
    _ROW("play", "Play or pause", ("Space", "."), "Run", "Play", "Let the time run, or stop it."),
    _ROW("faster", "Faster", ("+", "="), "Run", "Play", "Play at the next higher speed."),
    _ROW("slower", "Slower", ("-",), "Run", "Play", "Play at the next lower speed."),
    _ROW("slow_motion", "Slow motion at switchovers", ("S",), "Run", "Play",
         "Ease into slow motion while a VM changes hosts.", switch=True),
    _ROW("loop", "Loop the selected stretch", ("O",), "Run", "Play",
         "Play the selection again and again, or the stage at the playhead.", switch=True),
    _ROW("compare", "Compare…", ("Ctrl+D",), "Run", "Compare",
         "Show two to four runs side by side on one clock."),
    _ROW("sweep", "Sweep…", ("Ctrl+Alt+D",), "Run", "Compare",
         "Run many values of one or two parameters, as curves or as a map."),
    _ROW("step_forward", "Step forward 20 ms", ("Right",), "Run", "Step",
         "Show the instant 20 ms later.", repeats=True),
    _ROW("step_back", "Step back 20 ms", ("Left",), "Run", "Step",
         "Show the instant 20 ms earlier.", repeats=True),
    _ROW("next_event", "Next event", ("Shift+Right",), "Run", "Step",
         "Go to the next thing that happens.", repeats=True),
    _ROW("previous_event", "Previous event", ("Shift+Left",), "Run", "Step",
         "Go to the last thing that happened.", repeats=True),
    _ROW("next_round", "Next round", ("PgDown",), "Run", "Step",
         "Go to where the next round begins.", repeats=True),
    _ROW("previous_round", "Previous round", ("PgUp",), "Run", "Step",
         "Go to where this round began, or the one before.", repeats=True),
    _ROW("next_stage", "Next stage", ("Shift+PgDown",), "Run", "Step",
         "Go to where the next stage of the VM's migration begins or ends.", repeats=True),
    _ROW("previous_stage", "Previous stage", ("Shift+PgUp",), "Run", "Step",
         "Go to where the last stage of the VM's migration began or ended.", repeats=True),
    _ROW("next_batch", "Next batch", ("Ctrl+Right",), "Run/Step by pages", "Step by pages",
         "Go to where the next batch of pages begins to be sent.", repeats=True),
    _ROW("previous_batch", "Previous batch", ("Ctrl+Left",), "Run/Step by pages", "Step by pages",
         "Go to where the last batch of pages began to be sent.", repeats=True),
    _ROW("next_page", "Next page", ("Alt+Right",), "Run/Step by pages", "Step by pages",
         "Go to where the next page leaves, arrives or is dirty again.", repeats=True),
    _ROW("previous_page", "Previous page", ("Alt+Left",), "Run/Step by pages", "Step by pages",
         "Go to where the last page left, arrived or was dirty again.", repeats=True),
    _ROW("to_start", "To the start", ("Home",), "Run", "Step", "Go to the start of the run."),
    _ROW("to_end", "To the end", ("End",), "Run", "Step", "Go to the end of the run."),
    _ROW("predict", "Predict…", ("Shift+Y",), "Run", "Predict",
         "Say what you expect of the migration, play it, and see both together."),
    # VM
    _ROW("migrate", "Migrate…", ("M",), "VM", "Migrate",
         "Choose a host for the selected VM to move to."),
    _ROW("parameters", "Parameters of the policy…", ("Shift+P",), "VM", "Migrate",
         "Change the numbers that the policy decides by."),
    _ROW("attach", "Attach to QEMU…", ("Ctrl+Alt+A",), "VM/Running QEMU", "Running QEMU",
         "Watch a real QEMU through its monitor."),
    _ROW("live_start", "Live: start the migration…", ("Ctrl+Alt+S",), "VM/Running QEMU",
         "Running QEMU: commands", "Ask the real QEMU to migrate."),
    _ROW("live_cancel", "Live: cancel the migration…", ("Ctrl+Alt+C",), "VM/Running QEMU",
         "Running QEMU: commands", "Ask the real QEMU to give the migration up."),
    _ROW("live_bandwidth", "Live: bandwidth…", ("Ctrl+Alt+B",), "VM/Running QEMU",
         "Running QEMU: commands", "Change the bandwidth limit of the real migration."),
    _ROW("live_downtime", "Live: downtime limit…", ("Ctrl+Alt+W",), "VM/Running QEMU",
         "Running QEMU: commands", "Change the downtime limit of the real migration."),
    _ROW("live_postcopy", "Live: start post-copy…", ("Ctrl+Alt+P",), "VM/Running QEMU",
         "Running QEMU: commands", "Let the real VM go first, its memory follows."),
    _ROW("live_show", "Live: show the recording", ("Ctrl+Alt+V",), "VM/Running QEMU",
         "Running QEMU: recording", "Show what was recorded of the real migration so far."),
    _ROW("save_recording", "Live: save the recording as…", ("Ctrl+Alt+R",), "VM/Running QEMU",
         "Running QEMU: recording", "Keep the recording of the real migration as a file."),
    _ROW("detach", "Live: detach", ("Ctrl+Alt+Q",), "VM/Running QEMU", "Running QEMU: recording",
         "Let go of the real QEMU, which runs on."),
    # Faults
    _ROW("link_fault", "Link of the VM's host fails or mends", ("Shift+L",), "", "Faults",
         "Cut or mend the link of the host where the selected VM is."),
    _ROW("host_fault", "The VM's host dies", ("Shift+D",), "", "Faults",
         "Let the host die where the selected VM is."),
    _ROW("far_link_fault", "Link of the other host fails or mends", ("Ctrl+Shift+L",), "",
         "Faults", "Cut or mend the link at the other end of the migration."),
    _ROW("far_host_fault", "The other host dies", ("Ctrl+Shift+D",), "", "Faults",
         "Let the host at the other end of the migration die."),
    _ROW("cancel_fault", "Cancel the VM's migration", ("Shift+C",), "", "Faults",
         "Cancel the migration that is under way."),
    _ROW("announcement_fault", "Lose the VM's next announcement", ("Shift+A",), "", "Faults",
         "Let the network lose the frame that tells where the VM is now."),
    # View
    _ROW("working_set", "Working set, outlined", ("W",), "View/Pages", "Pages",
         "Outline the pages that are written over and over."),
    _ROW("page_colors", "Colours of pages: the next quantity", ("C",), "View/Pages", "Pages",
         "Colour pages by state, times sent, times written or age."),
    _ROW("go_to_page", "Go to a page and follow it…", ("G",), "View/Pages", "Pages",
         "Type the number of a page and keep it in sight."),
    _ROW("pages_in", "Zoom into the memory", ("Ctrl++", "Ctrl+="), "View/Pages", "Pages",
         "Show fewer pages, larger.", repeats=True),
    _ROW("pages_out", "Zoom out of the memory", ("Ctrl+-",), "View/Pages", "Pages",
         "Show more pages, smaller.", repeats=True),
    _ROW("pages_whole", "Show all of the memory", ("Ctrl+0",), "View/Pages", "Pages",
         "Show every page of the VM."),
    _ROW("zoom_switchover", "Zoom the plots to the switchover, or back", ("Z",), "View/Plots",
         "Plots", "Show the half second around the switchover in all plots."),
    _ROW("plots_whole", "Plots: the whole run", ("Shift+Z",), "View/Plots", "Plots",
         "Show the whole run in all plots."),
    _ROW("plots_in", "Zoom into the plots", ("Ctrl+Up",), "View/Plots", "Plots",
         "Show less time in the plots.", repeats=True),
    _ROW("plots_out", "Zoom out of the plots", ("Ctrl+Down",), "View/Plots", "Plots",
         "Show more time in the plots.", repeats=True),
    _ROW("log_scale", "Plots: logarithmic scale", ("L",), "View/Plots", "Plots: as",
         "Draw times of answers on a logarithmic scale."),
    _ROW("plot_table", "Plot as a table…", ("Ctrl+T",), "View/Plots", "Plots: as",
         "Read the figures of a plot."),
    _ROW("mark_start", "Select from the playhead on", ("[",), "View/Plots", "Plots: a stretch",
         "Begin a stretch whose figures are told."),
    _ROW("mark_end", "Select up to the playhead", ("]",), "View/Plots", "Plots: a stretch",
         "End the stretch whose figures are told."),
    _ROW("clear_selection", "Clear the selection", ("Esc",), "View/Plots", "Plots: a stretch",
         "Forget the stretch."),
    _ROW("present", "Present", ("F11",), "View", "Present",
         "Fill the screen with what an audience needs: controls away, large words."),
    _ROW("auto_pause", "Pause at the end of each phase", ("Shift+Space",), "View", "Present",
         "Stop where a phase ends, so that it can be talked about.", switch=True),
    _ROW("pointer_ring", "Ring around the pointer", ("Shift+R",), "View", "Present",
         "Show the last row where the pointer is.", switch=True),
    _ROW("advanced", "Everything (advanced)", ("Shift+F11",), "View", "Layout",
         "Show all tables and figures, or only what a first lecture needs.", switch=True),
    _ROW("panel_pool", "Pool", ("Alt+1",), "View/Panels", "Panels", "Show the pool.", switch=True),
    _ROW("panel_pages", "Memory", ("Alt+2",), "View/Panels", "Panels",
         "Show the pages of the VM's memory.", switch=True),
    _ROW("panel_narration", "Narration", ("H", "Alt+3"), "View/Panels", "Panels",
         "Show in words what is happening.", switch=True),
    _ROW("panel_plots", "Plots", ("Alt+4",), "View/Panels", "Panels", "Show the plots.",
         switch=True),
    _ROW("panel_console", "Client", ("Alt+5",), "View/Panels", "Panels",
         "Show what a client of the VM sees.", switch=True),
    _ROW("panel_side", "Controls and outcome", ("Alt+6",), "View/Panels", "Panels",
         "Show sliders, outcome and rounds.", switch=True),
    _ROW("panel_timeline", "Timeline", ("Alt+7",), "View/Panels", "Panels",
         "Show the timeline and the playing buttons.", switch=True),
    _ROW("reset_layout", "Reset the layout", ("Ctrl+Shift+R",), "View/Panels", "Panels: all",
         "Show every panel at its size."),
    _ROW("scale_up", "Larger", ("Ctrl+Shift+Up",), "View/Scale", "Scale",
         "Show everything larger, up to 250 %.", repeats=True),
    _ROW("scale_down", "Smaller", ("Ctrl+Shift+Down",), "View/Scale", "Scale",
         "Show everything smaller, down to 75 %.", repeats=True),
    _ROW("scale_reset", "As drawn (100 %)", ("Ctrl+Shift+0",), "View/Scale", "Scale",
         "Show everything as it was drawn."),
    _ROW("theme", "Next theme", ("T",), "View/Theme", "Window",
         "Take the next colours: dark, light, projector, as the desktop."),
    _ROW("theme_dark", "Dark", ("Ctrl+1",), "View/Theme", "Theme", "Light on dark.", switch=True),
    _ROW("theme_light", "Light", ("Ctrl+2",), "View/Theme", "Theme", "Dark on light.",
         switch=True),
    _ROW("theme_projector", "Projector", ("Ctrl+3",), "View/Theme", "Theme",
         "Black on white with strong lines, for weak projectors.", switch=True),
    _ROW("theme_system", "As the desktop", ("Ctrl+4",), "View/Theme", "Theme",
         "Dark or light, as the desktop is.", switch=True),
    _ROW("summary", "State in words", ("Ctrl+W",), "View", "Window",
         "Show the state as a paragraph, as screen readers are told it.", switch=True),
    _ROW("reduced_motion", "Reduced motion", ("Ctrl+M",), "View", "Window",
         "Let nothing move but what time moves.", switch=True),
    _ROW("full_screen", "Full screen", ("Ctrl+F11",), "View", "Window",
         "Fill the screen, or leave it."),
    # Lessons
    _ROW("lessons", "Lessons…", ("Ctrl+L",), "Lessons", "Lessons",
         "Choose a lesson: it shows, asks before it reveals, and lets you try."),
    _ROW("lesson_next", "Continue", ("Ctrl+Return",), "Lessons", "Lessons",
         "Hand in an answer, or go on to the next step of the lesson."),
    _ROW("lesson_back", "Back", ("Ctrl+Backspace",), "Lessons", "Lessons",
         "Go to the step of the lesson before."),
    _ROW("lesson_replay", "Replay", ("Ctrl+Shift+Return",), "Lessons", "Lessons",
         "Play the step of the lesson again."),
    _ROW("lesson_end", "End the lesson", ("Ctrl+Alt+L",), "Lessons", "Lessons",
         "Go back to what was open before the lesson."),
    _ROW("lesson_answers", "Save the answers…", ("Ctrl+Shift+S",), "Lessons", "Lessons: files",
         "Keep the answers of the lesson as a file for the teacher."),
    _ROW("lesson_sheet", "Worksheet to print…", ("Ctrl+P",), "Lessons", "Lessons: files",
         "Write the questions of the lesson as a page to print."),
    _ROW("lesson_key", "Worksheet with its key…", ("Ctrl+Shift+P",), "Lessons",
         "Lessons: files", "Write the page with the answers, for the teacher."),
    # Help
    _ROW("why", "Why?", ("Y",), "Help", "Understand",
         "Say why it goes as it goes, and which value would change it."),
    _ROW("reproduce", "Published figures…", ("P",), "Help", "Understand",
         "Hold the simulation against published figures."),
    _ROW("palette", "Commands…", ("Ctrl+K",), "Help", "Find",
         "Type a few letters of anything that the window can do."),
    _ROW("keys", "Keys", ("?", "F1"), "Help", "Find", "Show this list of keys."),
)
